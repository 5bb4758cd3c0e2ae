import CryptoKit
import Foundation

/// How a request ended. `action` is what is left for the app to do, where the client itself cannot.
public struct Outcome {
    public var answer: Answer
    public var action: Action?
}

/// The gateway has said that the app may go on without a key: the device has no App Attest, or the mode asks for no attestation.
public struct WithoutDevice: Error {
    public var answer: Answer
}

/// The key could not be registered, and the app may not go on without. `action` is what is left for it to do.
public struct NotRegistered: Error {
    public var answer: Answer
    public var action: Action
}

/// Nobody answered a request that must not count twice: whether it did count the app finds out before it sends it again.
public struct OutcomeUnknown: Error {
    public var cause: Error
}

/// An app on Apple's systems behind the gateway. There are four states: no key; a key that is made; one that is attested, whose
/// registration is not acknowledged yet; one that is registered. A key is attested once: a registration that was not answered is sent
/// again as it was, and a key that was refused is thrown away.
///
/// Requests wait for each other in as many lanes as there may be at a time: one where the application counts strictly, and up to
/// 8 where it has a window (`counter = "window"`), which holds 64.
public actor Client {
    private enum State {
        case noKey
        case made(keyID: String)
        case attested(keyID: String, registration: Data)
        case registered(keyID: String)
    }

    private static let mostRefusals = 8
    private static let mostSilences = 4
    private static let longestWait = 120
    /// RFC 9110 §9.2.2.
    private static let repeatable: Set<String> = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]

    private let authority: String
    private let application: String
    private let headers: [String: String]
    private let attestor: Attestor
    private let memory: KeyMemory
    private let transport: Transport
    private var state: State
    private var lanes: [Task<Void, Never>?]
    private var nextLane = 0
    private var registering: Task<String, Error>?

    /// `headers` go with each request: the session's, `X-Client-Version`, and the user's token.
    public init(
        authority: String, application: String, headers: [String: String], lanes: Int = 1,
        attestor: Attestor, memory: KeyMemory, transport: Transport
    ) {
        self.authority = authority
        self.application = application
        self.headers = headers
        self.attestor = attestor
        self.memory = memory
        self.transport = transport
        self.lanes = Array(repeating: nil, count: max(1, min(lanes, 8)))
        if let keyID = memory.keyID {
            // What was attested and not acknowledged is lost with the process: such a key cannot be attested again.
            state = memory.isRegistered ? .registered(keyID: keyID) : .noKey
        } else {
            state = .noKey
        }
    }

    /// Signs a request and sends it, in its turn. With `isFresh` there is a challenge in it. A request that must not count twice is sent
    /// again only if the gateway has refused it.
    public func send(_ method: String, _ target: String, body: Data = Data(), isFresh: Bool = false) async throws -> Outcome {
        let lane = nextLane
        nextLane = (nextLane + 1) % lanes.count
        let before = lanes[lane]
        let task = Task { () async throws -> Outcome in
            await before?.value
            return try await self.attempt(method, target, body, isFresh)
        }
        lanes[lane] = Task { _ = try? await task.value }
        return try await task.value
    }

    private func attempt(_ method: String, _ target: String, _ body: Data, _ isFresh: Bool) async throws -> Outcome {
        var refusals: [String: Int] = [:]
        var isKeyLost = false
        let isOnce = !Client.repeatable.contains(method)
        while true {
            let keyID = try await registeredKey()
            let received: (Answer, Bool)
            do {
                received = try await signAndSend(keyID, method, target, body, isFresh)
            } catch let lost as KeyLost {
                // Nothing was sent. Another key helps, or none does.
                if isKeyLost { throw lost }
                isKeyLost = true
                discard(keyID)
                continue
            }
            let (answer, wasSent) = received
            // An answer of the service behind, which is no refusal of the gateway, is the app's.
            if wasSent && (answer.status < 400 || answer.code.isEmpty) { return Outcome(answer: answer, action: nil) }
            let times = refusals[answer.code] ?? 0
            refusals[answer.code] = times + 1
            // A code that the table does not know is waited for from 500 on, but not with a request that must not count twice.
            let status = isOnce && wasSent ? 0 : answer.status
            let action = decide(
                place: .request, status: status, code: answer.code, retryable: answer.isRetryable, times: times)
            let isTooMuch = refusals.values.reduce(0, +) > Client.mostRefusals
            switch action {
            case _ where isTooMuch: return Outcome(answer: answer, action: action)
            case .newKey: discard(keyID)
            case .signAgain, .newChallenge: break
            case .wait where answer.retryAfter <= Client.longestWait: try await sleep(max(1, answer.retryAfter))
            default: return Outcome(answer: answer, action: action)
            }
        }
    }

    /// The answer, and whether it is one to the request itself. Nothing is sent twice without an answer: it may have counted.
    private func signAndSend(
        _ keyID: String, _ method: String, _ target: String, _ body: Data, _ isFresh: Bool
    ) async throws -> (Answer, Bool) {
        var challenge: String?
        if isFresh {
            let answer = try await self.challenge("assertion")
            guard let text = answer.text("challenge") else { return (answer, false) }
            challenge = text
        }
        let request = SignedRequest(method: method, authority: authority, target: target, body: body)
        let assertion = try await attestor.generateAssertion(
            keyID, clientDataHash: request.clientDataHash(challenge: challenge))
        var all = headers
        all["X-App-Attest"] = assertionHeader(keyID: keyID, assertion: assertion, challenge: challenge)
        all["Content-Digest"] = request.contentDigest
        do {
            return (try await transport.send(method, target, headers: all, body: body), true)
        } catch {
            if Client.repeatable.contains(method) { throw error }
            throw OutcomeUnknown(cause: error)
        }
    }

    /// The key, which is registered if it is not yet: once, however many requests wait for it.
    private func registeredKey() async throws -> String {
        if case .registered(let keyID) = state { return keyID }
        if let registering = registering { return try await registering.value }
        let task = Task { try await self.register() }
        registering = task
        defer { registering = nil }
        return try await task.value
    }

    private func register() async throws -> String {
        guard attestor.isSupported else {
            return try await goOnWithout()
        }
        var refusals: [String: Int] = [:]
        var silences = 0
        var isKeyLost = false
        while true {
            switch state {
            case .registered(let keyID):
                return keyID
            case .noKey:
                let keyID = try await attestor.generateKey()
                memory.keyID = keyID
                memory.isRegistered = false
                state = .made(keyID: keyID)
            case .made(let keyID):
                let answer = try await challenge("attestation")
                guard answer.status < 400, let challenge = answer.text("challenge") else {
                    try await settle(answer, keyID, &refusals)
                    continue
                }
                let hash = Data(SHA256.hash(data: Data(challenge.utf8)))
                let attestation: Data
                do {
                    attestation = try await attestor.attestKey(keyID, clientDataHash: hash)
                } catch let lost as KeyLost {
                    if isKeyLost { throw lost }
                    isKeyLost = true
                    discard(keyID)
                    continue
                }
                let registration = [
                    "application": application, "key_id": keyID, "challenge": challenge,
                    "attestation": attestation.base64EncodedString(),
                ]
                state = .attested(
                    keyID: keyID, registration: try JSONSerialization.data(withJSONObject: registration))
            case .attested(let keyID, let registration):
                let answer: Answer
                do {
                    answer = try await post("/devices", registration)
                } catch {
                    // As often as it likes: the key is registered once.
                    silences += 1
                    if silences == Client.mostSilences { throw error }
                    try await sleep(1 << silences)
                    continue
                }
                if answer.status < 400 {
                    guard answer.flag("registered") else {
                        discard(keyID)
                        throw WithoutDevice(answer: answer)
                    }
                    acknowledge(keyID)
                    continue
                }
                try await settle(answer, keyID, &refusals)
            }
        }
    }

    /// Does about a refusal of a registration what the table says, or throws what is left for the app.
    private func settle(_ answer: Answer, _ keyID: String?, _ refusals: inout [String: Int]) async throws {
        let times = refusals[answer.code] ?? 0
        refusals[answer.code] = times + 1
        let action = decide(
            place: .registration, status: answer.status, code: answer.code, retryable: answer.isRetryable, times: times)
        switch (action, keyID) {
        case (.useKey, let keyID?): acknowledge(keyID)
        case (.newKey, let keyID?): discard(keyID)
        case (.signAgain, _): break
        case (.wait, _) where times < Client.mostSilences && answer.retryAfter <= Client.longestWait:
            try await sleep(max(1, answer.retryAfter))
        default: throw NotRegistered(answer: answer, action: action)
        }
    }

    /// Says that there is no App Attest here: the gateway answers whether the app may go on.
    private func goOnWithout() async throws -> String {
        let body = try JSONSerialization.data(withJSONObject: ["application": application])
        var refusals: [String: Int] = [:]
        while true {
            let answer = try await post("/devices/unsupported", body)
            if answer.status < 400 { throw WithoutDevice(answer: answer) }
            try await settle(answer, nil, &refusals)
        }
    }

    private func acknowledge(_ keyID: String) {
        memory.isRegistered = true
        state = .registered(keyID: keyID)
    }

    /// Throws a key away, unless another lane has done so and made another one.
    private func discard(_ keyID: String) {
        guard memory.keyID == keyID else { return }
        memory.keyID = nil
        memory.isRegistered = false
        state = .noKey
    }

    private func challenge(_ purpose: String) async throws -> Answer {
        let body = try JSONSerialization.data(withJSONObject: ["application": application, "purpose": purpose])
        return try await post("/challenges", body)
    }

    private func post(_ target: String, _ body: Data) async throws -> Answer {
        var all = headers
        all["Content-Type"] = "application/json"
        return try await transport.send("POST", target, headers: all, body: body)
    }

    private func sleep(_ seconds: Int) async throws {
        try await Task.sleep(nanoseconds: UInt64(seconds) * 1_000_000_000)
    }
}
