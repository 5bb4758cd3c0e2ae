import CryptoKit
import Foundation

/// A request as it is signed. `authority` is the service's, a constant of the app; `target` is path and query exactly as they are
/// sent.
public struct SignedRequest {
    public var method: String
    public var authority: String
    public var target: String
    public var body: Data

    public init(method: String, authority: String, target: String, body: Data = Data()) {
        self.method = method
        self.authority = authority
        self.target = target
        self.body = body
    }

    /// The six lines.
    public func clientData(challenge: String?) -> String {
        let hash = SHA256.hash(data: body).map { String(format: "%02x", $0) }.joined()
        return "genuine-request-v1\n\(method)\n\(authority)\n\(target)\n\(hash)\n\(challenge ?? "")\n"
    }

    /// What `generateAssertion` takes.
    public func clientDataHash(challenge: String?) -> Data {
        Data(SHA256.hash(data: Data(clientData(challenge: challenge).utf8)))
    }

    /// Behind a proxy: the header `Content-Digest`, for an empty body too.
    public var contentDigest: String {
        "sha-256=:\(Data(SHA256.hash(data: body)).base64EncodedString()):"
    }
}

/// The header `X-App-Attest`, which leaves `Authorization` to the user's token.
public func assertionHeader(keyID: String, assertion: Data, challenge: String?) -> String {
    var header = "key_id=\(keyID); assertion=\(assertion.base64EncodedString())"
    if let challenge = challenge { header += "; challenge=\(challenge)" }
    return header
}
