import Foundation

/// App Attest of the system.
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

/// What came back.
public struct Answer {
    public var status: Int
    public var body: Data
    public var retryAfter: Int

    public init(status: Int, body: Data, retryAfter: Int = 0) {
        self.status = status
        self.body = body
        self.retryAfter = retryAfter
    }

    private var members: [String: Any] {
        (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:]
    }

    public func text(_ name: String) -> String? { members[name] as? String }
    public func flag(_ name: String) -> Bool { members[name] as? Bool ?? false }
    public var code: String { text("code") ?? "" }
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
        try await DCAppAttestService.shared.attestKey(keyID, clientDataHash: clientDataHash)
    }

    public func generateAssertion(_ keyID: String, clientDataHash: Data) async throws -> Data {
        try await DCAppAttestService.shared.generateAssertion(keyID, clientDataHash: clientDataHash)
    }
}
#endif

/// Over `URLSession`. `base` is where the service is, such as `https://shop.example.com`.
public struct URLSessionTransport: Transport {
    let base: String
    let session: URLSession

    public init(base: String, session: URLSession = .shared) {
        self.base = base
        self.session = session
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
        return Answer(status: http.statusCode, body: data, retryAfter: retryAfter)
    }
}
