import XCTest

@testable import Genuine

final class AnswersTests: XCTestCase {
    func testARequestThatWasRefusedIsSignedAgainOnce() {
        let actions = (0..<4).map { decide(place: .request, status: 401, code: "rejected", retryable: true, times: $0) }
        XCTAssertEqual(actions, [.signAgain, .newKey, .giveUp, .giveUp])
    }

    func testWhatTheServiceAnswersIsNoRefusalOfTheGateway() {
        let problem =
            #"{"type":"about:blank","title":"Refused.","status":401,"code":"rejected","retryable":false}"#
        func code(_ status: Int, _ body: String, _ type: String? = "application/problem+json", _ header: String? = nil) -> String {
            Answer(status: status, body: Data(body.utf8), contentType: type, problem: header).code
        }
        XCTAssertEqual(code(401, problem), "rejected")
        XCTAssertEqual(code(401, problem, "application/problem+json; charset=utf-8"), "rejected")
        XCTAssertEqual(code(401, "", nil, problem), "rejected")
        XCTAssertEqual(code(401, problem, "application/json"), "")
        XCTAssertEqual(code(403, problem), "")
        XCTAssertEqual(code(401, #"{"error":\#(problem)}"#), "")
        XCTAssertEqual(code(401, #"{"code":"rejected"}"#), "")
    }

    func testTheLinesOfTheReadme() {
        let request = SignedRequest(
            method: "POST", authority: "shop.example.com", target: "/orders?item=7", body: Data("abc".utf8))
        XCTAssertEqual(
            request.clientData(challenge: nil),
            "genuine-request-v1\nPOST\nshop.example.com\n/orders?item=7\n"
                + "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n\n")
    }
}
