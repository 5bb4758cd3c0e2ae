package genuine

import java.io.IOException
import java.security.GeneralSecurityException
import java.security.InvalidKeyException
import java.security.UnrecoverableKeyException
import kotlin.math.abs

/** The key of this installation, and whether the gateway knows it. Both outlive the process. */
interface Keys {
    /** The key, which is made if there is none. An [UnrecoverableKeyException] says that there is one, and that it cannot be had any more. */
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

/**
 * How a request ended. `action` is what is left for the app to do, where the client itself cannot. With `isWithoutDevice` the mode asks for
 * no attestation, or this one was not good and is not needed: the app goes on without a token.
 */
class Outcome(val answer: Answer, val action: Action?, val isWithoutDevice: Boolean = false)

/** Nobody answered a request that must not count twice: whether it did count the app finds out before it sends it again. */
class OutcomeUnknown(cause: IOException) : IOException("whether the request was accepted is not known", cause)

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
     * Sends a request with a session token, and does what has to be done before. An [IOException] says that nobody answered, after
     * some tries. It is an [OutcomeUnknown], at once, where the request itself may have arrived and must not count twice: such a request
     * is sent again only if the gateway has refused it.
     */
    @Synchronized
    fun send(method: String, target: String, body: ByteArray = ByteArray(0)): Outcome {
        val refusals = HashMap<String, Int>()
        var silences = 0
        var isKeyLost = false
        for (step in 1..MOST_STEPS) {
            val place = if (keys.isRegistered) Place.REQUEST else Place.REGISTRATION
            val isLast = keys.isRegistered && hasToken()
            val isOnce = isLast && method !in REPEATABLE
            val answer = try {
                if (!keys.isRegistered) register() else if (!isLast) obtainToken() else request(method, target, body)
            } catch (silence: IOException) {
                if (isOnce) throw OutcomeUnknown(silence)
                if (++silences == MOST_SILENCES) throw silence
                clock.sleep(1L shl silences)
                continue
            } catch (lost: GeneralSecurityException) {
                // The system has invalidated the key, or lost it: no request was made of it.
                if (isKeyLost || lost !is InvalidKeyException && lost !is UnrecoverableKeyException) throw lost
                isKeyLost = true
                discardKey()
                continue
            }
            // An answer of the service behind, which is no refusal of the gateway, is the app's.
            if (answer.status < 400 || isLast && answer.code.isEmpty()) {
                if (isLast) return Outcome(answer, null)
                if (!keys.isRegistered) return Outcome(answer, null, answer.member("registered") == "false")
                continue
            }
            val what = "${place.name} ${answer.code}"
            val times = refusals[what] ?: 0
            refusals[what] = times + 1
            // A code that the table does not know is waited for from 500 on, but not with a request that must not count twice.
            var action = decide(place, if (isOnce) 0 else answer.status, answer.code, answer.retryable, times)
            if (action == Action.NEW_PROOF) {
                // A proof that is good by the gateway's time may be refused because it arrived before, and the request with it.
                val isInTime = answer.date == 0L || abs(answer.date - now()) <= PROOF_LIFE
                setClock(answer)
                if (isOnce && isInTime) action = Action.CHECK_OUTCOME
            }
            if (refusals.values.sum() > MOST_REFUSALS || !act(action, answer)) return Outcome(answer, action)
        }
        throw IOException("$MOST_STEPS requests, and no end")
    }

    /** What to do about a refusal, as far as it can be done here. */
    private fun act(action: Action, answer: Answer): Boolean {
        when (action) {
            Action.ATTEST_AGAIN, Action.REGISTER -> { keys.isRegistered = false; token = null }
            Action.NEW_KEY -> discardKey()
            Action.NEW_TOKEN -> token = null
            Action.NEW_CHALLENGE, Action.NEW_PROOF, Action.SIGN_AGAIN -> {}
            Action.WAIT -> if (answer.retryAfter > LONGEST_WAIT) return false else clock.sleep(maxOf(1, answer.retryAfter))
            Action.CHECK_OUTCOME, Action.GIVE_UP, Action.LOG_IN, Action.UPDATE_APP, Action.USE_KEY -> return false
        }
        return true
    }

    private fun discardKey() {
        keys.discard()
        token = null
    }

    private fun setClock(answer: Answer) {
        if (answer.date != 0L) skew = answer.date - clock.seconds()
    }

    private fun hasToken() = token != null && now() < tokenEnds

    private fun now() = clock.seconds() + skew

    private fun headers(vararg others: Pair<String, String>) = mapOf(session, "X-Client-Version" to version, *others)

    private fun challenge(purpose: String): Answer =
        http.send("POST", "/challenges", headers(JSON), """{"application":"$application","purpose":"$purpose"}""".toByteArray(), false)

    /** A new challenge, Google's word that is bound to it, and a proof of the key: also where the key is registered already. */
    private fun register(): Answer {
        val answer = challenge("integrity")
        val challenge = answer.member("challenge") ?: return answer
        val key = keys.key()
        val word = integrity.token(key.binding(challenge))
        val body = """{"application":"$application","challenge":"$challenge","integrity_token":{"${word.kind}":"${word.value}"}}"""
        val proof = key.proof("POST", "https://$authority/devices", now(), nonce = challenge)
        val registered = http.send("POST", "/devices", headers(JSON, "DPoP" to proof), body.toByteArray(), false)
        if (registered.member("registered") == "true") keys.isRegistered = true
        return registered
    }

    private fun obtainToken(): Answer {
        val answer = challenge("assertion")
        val challenge = answer.member("challenge") ?: return answer
        val proof = keys.key().proof("POST", "https://$authority/tokens", now(), nonce = challenge)
        val issued = http.send("POST", "/tokens", headers("DPoP" to proof), ByteArray(0), false)
        token = issued.member("access_token")
        // A little before it ends, so that it does not end on its way.
        tokenEnds = now() + (issued.member("expires_in")?.toLongOrNull() ?: 0) - MARGIN
        return issued
    }

    private fun request(method: String, target: String, body: ByteArray): Answer {
        val token = checkNotNull(token)
        val proof = keys.key().proof(method, "https://$authority${target.substringBefore('?')}", now(), token = token)
        val all = headers("Authorization" to "DPoP $token", "DPoP" to proof)
        return http.send(method, target, all, body, once = method !in REPEATABLE)
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
        /** How many seconds a proof is good for. */
        const val PROOF_LIFE = 60L
    }
}
