package genuine

/** What the app does about an answer; `clients/answers.json` has each in words, and the whole table. */
enum class Action {
    ATTEST_AGAIN, CHECK_OUTCOME, GIVE_UP, LOG_IN, NEW_CHALLENGE, NEW_KEY, NEW_PROOF, NEW_TOKEN, REGISTER, SIGN_AGAIN,
    UPDATE_APP, USE_KEY, WAIT
}

/** What was asked: to register a key, or anything else. */
enum class Place { REGISTRATION, REQUEST }

/**
 * What an Android app does about a problem that the gateway answered. `times` is how often it answered this in a row before, so
 * that nothing is tried in a loop.
 */
fun decide(place: Place, status: Int, code: String, retryable: Boolean, times: Int): Action {
    val steps = of(place, code, retryable) ?: everywhere(code) ?: if (status >= 500) listOf(Action.WAIT) else listOf(Action.GIVE_UP)
    return steps[minOf(times, steps.size - 1)]
}

private fun of(place: Place, code: String, retryable: Boolean): List<Action>? = when (place) {
    Place.REGISTRATION -> when (code) {
        "challenge_rejected" -> listOf(Action.NEW_CHALLENGE, Action.NEW_CHALLENGE, Action.GIVE_UP)
        "proof_rejected" -> listOf(Action.NEW_PROOF, Action.NEW_PROOF, Action.GIVE_UP)
        "rejected" -> if (retryable) listOf(Action.ATTEST_AGAIN, Action.NEW_KEY, Action.GIVE_UP) else listOf(Action.NEW_KEY, Action.GIVE_UP)
        "already_registered" -> listOf(Action.NEW_KEY, Action.GIVE_UP)
        "timeout" -> listOf(Action.ATTEST_AGAIN, Action.GIVE_UP)
        else -> null
    }
    Place.REQUEST -> when (code) {
        "rejected" -> listOf(Action.NEW_KEY, Action.GIVE_UP)
        "unknown_key" -> listOf(Action.REGISTER, Action.GIVE_UP)
        "locked", "attestation_expired" -> listOf(Action.ATTEST_AGAIN, Action.GIVE_UP)
        "challenge_rejected" -> listOf(Action.NEW_CHALLENGE, Action.NEW_CHALLENGE, Action.GIVE_UP)
        "token_rejected" -> listOf(Action.NEW_TOKEN, Action.NEW_TOKEN, Action.GIVE_UP)
        "proof_rejected" -> listOf(Action.NEW_PROOF, Action.NEW_PROOF, Action.GIVE_UP)
        "timeout" -> listOf(Action.SIGN_AGAIN, Action.SIGN_AGAIN, Action.GIVE_UP)
        else -> null
    }
}

internal fun everywhere(code: String): List<Action>? = when (code) {
    "user_token_rejected", "account_required" -> listOf(Action.LOG_IN)
    "upgrade_required" -> listOf(Action.UPDATE_APP)
    "rate_limited", "unavailable", "provider_unavailable" -> listOf(Action.WAIT)
    else -> null
}
