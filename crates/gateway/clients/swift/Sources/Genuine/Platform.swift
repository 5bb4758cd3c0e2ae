import Foundation

/// The system does not have this key any more, or does not take it: items in the Keychain outlive a reinstallation, and keys of App
/// Attest do not.
public struct KeyLost: Error {
    public init() {}
}

/// App Attest of the system. `attestKey` and `generateAssertion` throw `KeyLost` where another key would do.
public protocol Attestor {
    var isSupported: Bool { get }
    func generateKey() async throws -> String
    func attestKey(_ keyID: String, clientDataHash: Data) async throws -> Data
    func generateAssertion(_ keyID: String, clientDataHash: Data) async throws -> Data
}

/// What outlives the process: in the Keychain, and not in a backup.
public protocol KeyMemory: AnyObject {
    var keyID: String? { get set }
    var isRegistered: Bool { get set }
}

/// Sends one request; an error says that nothing came back.
public protocol Transport {
    func send(_ method: String, _ target: String, headers: [String: String], body: Data) async throws -> Answer
}

/// What came back. `problem` is the header `X-Genuine-Problem`, in which a proxy hands a refusal on whose body it drops.
public struct Answer {
    public var status: Int
    public var body: Data
    public var retryAfter: Int
    public var contentType: String?
    public var problem: String?

    public init(status: Int, body: Data, retryAfter: Int = 0, contentType: String? = nil, problem: String? = nil) {
        self.status = status
        self.body = body
        self.retryAfter = retryAfter
        self.contentType = contentType
        self.problem = problem
    }

    private static func members(_ json: Data) -> [String: Any] {
        (try? JSONSerialization.jsonObject(with: json)) as? [String: Any] ?? [:]
    }

    /// The members of the gateway's refusal. There are none where the answer is the service's, whatever is in it.
    private var refusal: [String: Any] {
        if let problem = problem {
            let members = Answer.members(Data(problem.utf8))
            if isOfTheGateway(members) { return members }
        }
        let type = (contentType ?? "").prefix(while: { $0 != ";" }).trimmingCharacters(in: .whitespaces).lowercased()
        guard type == "application/problem+json" else { return [:] }
        let members = Answer.members(body)
        return isOfTheGateway(members) ? members : [:]
    }

    private func isOfTheGateway(_ members: [String: Any]) -> Bool {
        guard status >= 400, let type = members["type"] as? String, let said = members["status"] as? Int,
            let code = members["code"] as? String
        else { return false }
        return type == "about:blank" && said == status && !code.isEmpty && members["title"] is String
            && members["retryable"] is Bool
    }

    /// Members of the body.
    public func text(_ name: String) -> String? { Answer.members(body)[name] as? String }
    public func flag(_ name: String) -> Bool { Answer.members(body)[name] as? Bool ?? false }

    /// Of a refusal of the gateway; empty where the answer is the service's.
    public var code: String { refusal["code"] as? String ?? "" }
    public var isRetryable: Bool { refusal["retryable"] as? Bool ?? false }
}

#if canImport(DeviceCheck)
import DeviceCheck

/// The system's own.
public struct SystemAttestor: Attestor {
    public init() {}

    public var isSupported: Bool { DCAppAttestService.shared.isSupported }

    public func generateKey() async throws -> String {
        try await DCAppAttestService.shared.generateKey()
    }

    public func attestKey(_ keyID: String, clientDataHash: Data) async throws -> Data {
        do {
            return try await DCAppAttestService.shared.attestKey(keyID, clientDataHash: clientDataHash)
        } catch {
            throw SystemAttestor.meaning(error)
        }
    }

    public func generateAssertion(_ keyID: String, clientDataHash: Data) async throws -> Data {
        do {
            return try await DCAppAttestService.shared.generateAssertion(keyID, clientDataHash: clientDataHash)
        } catch {
            throw SystemAttestor.meaning(error)
        }
    }

    /// `invalidKey` is said of a key that is gone, or was attested before, and `invalidInput` by some systems of the same.
    private static func meaning(_ error: Error) -> Error {
        guard let failure = error as? DCError else { return error }
        switch failure.code {
        case .invalidKey, .invalidInput: return KeyLost()
        default: return error
        }
    }
}
#endif

/// Follows no redirection, with which assertion and session would go to whom it names. The answer that redirects is the answer.
private final class NoRedirections: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}

/// Over a `URLSession` of its own, which lives as long as the app: make one. `base` is where the service is, such as
/// `https://shop.example.com`.
public struct URLSessionTransport: Transport {
    let base: String
    let session: URLSession

    public init(base: String, configuration: URLSessionConfiguration = .default) {
        self.base = base
        session = URLSession(configuration: configuration, delegate: NoRedirections(), delegateQueue: nil)
    }

    public func send(_ method: String, _ target: String, headers: [String: String], body: Data) async throws -> Answer {
        guard let url = URL(string: base + target) else { throw URLError(.badURL) }
        var request = URLRequest(url: url)
        request.httpMethod = method
        headers.forEach { request.setValue($1, forHTTPHeaderField: $0) }
        if !body.isEmpty { request.httpBody = body }
        let (data, response) = try await session.data(for: request)
        guard let http = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
        let retryAfter = http.value(forHTTPHeaderField: "Retry-After").flatMap { Int($0) } ?? 0
        return Answer(
            status: http.statusCode, body: data, retryAfter: retryAfter,
            contentType: http.value(forHTTPHeaderField: "Content-Type"),
            problem: http.value(forHTTPHeaderField: "X-Genuine-Problem"))
    }
}
