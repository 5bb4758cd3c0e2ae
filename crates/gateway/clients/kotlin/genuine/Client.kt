package genuine

import java.io.IOException

/** The key of this installation, and whether the gateway knows it. Both outlive the process. */
interface Keys {
    /** The key, which is made if there is none. */
    fun key(): DeviceKey

    /** Throws the key away. The next one is not registered. */
    fun discard()

    var isRegistered: Boolean
}

/** Google's word on app and device, bound to a text. A token serves for one attempt. */
fun interface Integrity {
    fun token(binding: String): IntegrityToken
}

/** `kind` is `classic` or `standard`: which request of Play Integrity it comes from. */
class IntegrityToken(val kind: String, val value: String)

/** Time, and waiting. */
interface Clock {
    fun seconds(): Long

    fun sleep(seconds: Long)
}

/** How a request ended. `action` is what is left for the app to do, where the client itself cannot. */
class Outcome(val answer: Answer, val action: Action?) {
    /** The mode asks for no attestation, or this one was not good and is not needed: the app goes on without a token. */
    val isWithoutDevice: Boolean get() = action == null && answer.member("registered") == "false"
}

/**
 * An app on Android behind the gateway. There are three states: the key is not registered; it is, and there is no session token;
 * there is one. Each request that is sent is the next one that the state asks for, and each answer changes the state as
 * `answers.json` says. One call at a time: calls wait for each other, and none of it belongs on the main thread.
 */
class Client(
    private val authority: String,
    private val application: String,
    private val session: Pair<String, String>,
    private val version: String,
    private val http: Http,
    private val keys: Keys,
    private val integrity: Integrity,
    private val clock: Clock,
) {
    private var token: String? = null
    private var tokenEnds = 0L
    /** How far the gateway's clock is ahead of this one. */
    private var skew = 0L

    /**
     * Sends a request with a session token, and does what has to be done before. An [IOException] says that nobody answered: after
     * some tries, or at once where the request itself may have arrived and must not count twice.
     */
    @Synchronized
    fun send(method: String, target: String, body: ByteArray = ByteArray(0)): Outcome {
        val refusals = HashMap<String, Int>()
        var silences = 0
        for (step in 1..MOST_STEPS) {
            val place = if (keys.isRegistered) Place.REQUEST else Place.REGISTRATION
            val isLast = keys.isRegistered && hasToken()
            val answer = try {
                if (!keys.isRegistered) register() else if (!isLast) obtainToken() else request(method, target, body)
            } catch (silence: IOException) {
                if (++silences == MOST_SILENCES || isLast && method !in REPEATABLE) throw silence
                clock.sleep(1L shl silences)
                continue
            }
            // An answer of the service behind, which has no code, is the app's.
            if (answer.status < 400 || isLast && answer.code.isEmpty()) {
                if (isLast || !keys.isRegistered) return Outcome(answer, null)
                continue
            }
            val what = "${place.name} ${answer.code}"
            val times = refusals[what] ?: 0
            refusals[what] = times + 1
            val action = decide(place, answer.status, answer.code, answer.retryable, times)
            if (refusals.values.sum() > MOST_REFUSALS || !act(action, answer)) return Outcome(answer, action)
        }
        throw IOException("$MOST_STEPS requests, and no end")
    }

    /** What to do about a refusal, as far as it can be done here. */
    private fun act(action: Action, answer: Answer): Boolean {
        when (action) {
            Action.ATTEST_AGAIN, Action.REGISTER -> { keys.isRegistered = false; token = null }
            Action.NEW_KEY -> { keys.discard(); token = null }
            Action.NEW_TOKEN -> token = null
            Action.NEW_PROOF -> if (answer.date != 0L) skew = answer.date - clock.seconds()
            Action.NEW_CHALLENGE, Action.SIGN_AGAIN -> {}
            Action.WAIT -> if (answer.retryAfter > LONGEST_WAIT) return false else clock.sleep(maxOf(1, answer.retryAfter))
            Action.CHECK_OUTCOME, Action.GIVE_UP, Action.LOG_IN, Action.UPDATE_APP, Action.USE_KEY -> return false
        }
        return true
    }

    private fun hasToken() = token != null && now() < tokenEnds

    private fun now() = clock.seconds() + skew

    private fun headers(vararg others: Pair<String, String>) = mapOf(session, "X-Client-Version" to version, *others)

    private fun challenge(purpose: String): Answer =
        http.send("POST", "/challenges", headers(JSON), """{"application":"$application","purpose":"$purpose"}""".toByteArray())

    /** A new challenge, Google's word that is bound to it, and a proof of the key: also where the key is registered already. */
    private fun register(): Answer {
        val answer = challenge("integrity")
        val challenge = answer.member("challenge") ?: return answer
        val key = keys.key()
        val word = integrity.token(key.binding(challenge))
        val body = """{"application":"$application","challenge":"$challenge","integrity_token":{"${word.kind}":"${word.value}"}}"""
        val proof = key.proof("POST", "https://$authority/devices", now(), nonce = challenge)
        val registered = http.send("POST", "/devices", headers(JSON, "DPoP" to proof), body.toByteArray())
        if (registered.member("registered") == "true") keys.isRegistered = true
        return registered
    }

    private fun obtainToken(): Answer {
        val answer = challenge("assertion")
        val challenge = answer.member("challenge") ?: return answer
        val proof = keys.key().proof("POST", "https://$authority/tokens", now(), nonce = challenge)
        val issued = http.send("POST", "/tokens", headers("DPoP" to proof), ByteArray(0))
        token = issued.member("access_token")
        // A little before it ends, so that it does not end on its way.
        tokenEnds = now() + (issued.member("expires_in")?.toLongOrNull() ?: 0) - MARGIN
        return issued
    }

    private fun request(method: String, target: String, body: ByteArray): Answer {
        val token = checkNotNull(token)
        val proof = keys.key().proof(method, "https://$authority${target.substringBefore('?')}", now(), token = token)
        return http.send(method, target, headers("Authorization" to "DPoP $token", "DPoP" to proof), body)
    }

    private companion object {
        val JSON = "Content-Type" to "application/json"
        /** Refusals of one request, of all kinds: a bound for what nobody thought of. */
        const val MOST_REFUSALS = 8
        const val MOST_SILENCES = 4
        const val MOST_STEPS = 32
        /** RFC 9110 §9.2.2. */
        val REPEATABLE = setOf("GET", "HEAD", "PUT", "DELETE", "OPTIONS")
        const val LONGEST_WAIT = 120L
        const val MARGIN = 5L
    }
}
