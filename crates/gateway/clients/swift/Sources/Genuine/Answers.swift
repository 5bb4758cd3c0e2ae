/// What the app does about an answer; `clients/answers.json` has each in words, and the whole table.
public enum Action: String {
    case checkOutcome = "check_outcome"
    case giveUp = "give_up"
    case logIn = "log_in"
    case newChallenge = "new_challenge"
    case newKey = "new_key"
    case newProof = "new_proof"
    case newToken = "new_token"
    case signAgain = "sign_again"
    case updateApp = "update_app"
    case useKey = "use_key"
    case wait = "wait"
}

/// What was asked: to register a key, or anything else.
public enum Place: String {
    case registration
    case request
}

/// What an app on Apple's systems does about a problem that the gateway answered. `times` is how often it answered this in a row
/// before, so that nothing is tried in a loop.
public func decide(place: Place, status: Int, code: String, retryable: Bool, times: Int) -> Action {
    let steps: [Action]
    switch (place, code, retryable) {
    case (.registration, "challenge_rejected", _): steps = [.newKey, .newKey, .giveUp]
    case (.registration, "rejected", _): steps = [.newKey, .giveUp]
    case (.registration, "already_registered", _): steps = [.useKey]
    case (.registration, "attestation_required", _): steps = [.giveUp]
    case (.registration, "timeout", _): steps = [.signAgain, .signAgain, .giveUp]
    case (.request, "rejected", true): steps = [.signAgain, .newKey, .giveUp]
    case (.request, "rejected", false): steps = [.newKey, .giveUp]
    case (.request, "unknown_key", _): steps = [.newKey, .giveUp]
    case (.request, "locked", _): steps = [.newKey, .giveUp]
    case (.request, "counter_overtaken", _): steps = [.checkOutcome]
    case (.request, "challenge_rejected", _): steps = [.newChallenge, .newChallenge, .giveUp]
    case (.request, "token_rejected", _): steps = [.newToken, .giveUp]
    case (.request, "proof_rejected", _): steps = [.newProof, .newProof, .giveUp]
    case (.request, "timeout", _): steps = [.signAgain, .signAgain, .giveUp]
    case (_, "user_token_rejected", _): steps = [.logIn]
    case (_, "account_required", _): steps = [.logIn]
    case (_, "upgrade_required", _): steps = [.updateApp]
    case (_, "rate_limited", _): steps = [.wait]
    case (_, "unavailable", _): steps = [.wait]
    case (_, "provider_unavailable", _): steps = [.wait]
    default: steps = status >= 500 ? [.wait] : [.giveUp]
    }
    return steps[min(times, steps.count - 1)]
}
