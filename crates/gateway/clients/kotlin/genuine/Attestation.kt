package genuine

import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import java.security.PrivateKey
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.util.Base64

/** Counters of a key: each number once, rising from 1, also after the process has ended. What is lost is skipped, and never used again. */
fun interface Counter {
    fun next(): Int
}

/**
 * A key that the phone's hardware attests. It signs each request, as a key of App Attest does on Apple's systems: there is no integrity
 * token, and no session token is needed. Requests of one key are sent one after the other, or within the application's window.
 */
class AttestedKey(private val privateKey: PrivateKey, publicKey: ECPublicKey, packageName: String, private val counter: Counter) {
    /** Its identifier, in standard base64. */
    val id: String = DeviceKey(privateKey, publicKey).id

    private val appId = sha256("android:$packageName".toByteArray())

    /**
     * What is sent to `POST /devices`: the chain of `KeyStore.getCertificateChain`, of a key that was generated with
     * `setAttestationChallenge(attestationChallenge(challenge))`. If nobody answers, the same is sent again.
     */
    fun registration(application: String, challenge: String, chain: List<ByteArray>): String {
        val certificates = chain.joinToString(",") { "\"${base64(it)}\"" }
        val assertion = base64(assertion(attestationChallenge(challenge)))
        return """{"application":"$application","challenge":"$challenge","chain":[$certificates],"assertion":"$assertion"}"""
    }

    /**
     * The header `Authorization` of a request; `X-App-Attest` takes the same without `Attest`. `target` is path and query exactly as they
     * are sent, `challenge` one of the purpose `assertion`, where the route asks for one.
     */
    fun authorization(method: String, authority: String, target: String, body: ByteArray, challenge: String? = null): String {
        val hash = sha256(body).joinToString("") { "%02x".format(it) }
        val clientData = "genuine-request-v1\n$method\n$authority\n$target\n$hash\n${challenge.orEmpty()}\n"
        val header = "Attest key_id=\"$id\", assertion=\"${base64(assertion(sha256(clientData.toByteArray())))}\""
        return if (challenge == null) header else "$header, challenge=\"$challenge\""
    }

    /** The CBOR map `{"signature": octets, "authenticatorData": octets}`. */
    private fun assertion(clientDataHash: ByteArray): ByteArray {
        val data = ByteBuffer.allocate(37).put(appId).put(0x40).putInt(counter.next()).array()
        val signature = Signature.getInstance("SHA256withECDSA")
        signature.initSign(privateKey)
        signature.update(sha256(data + clientDataHash))
        val map = ByteArrayOutputStream().apply { write(0xA2) }
        for ((name, octets) in listOf("signature" to signature.sign(), "authenticatorData" to data)) {
            map.write(0x60 + name.length)
            map.write(name.toByteArray())
            // A signature has from 24 to 255 octets, and so have the data.
            map.write(0x58)
            map.write(octets.size)
            map.write(octets)
        }
        return map.toByteArray()
    }
}

/** What the key is attested over, and signs when it registers. */
fun attestationChallenge(challenge: String): ByteArray = sha256(challenge.toByteArray())

private fun base64(octets: ByteArray): String = Base64.getEncoder().encodeToString(octets)

/** As [decide], for an app whose keys the hardware attests. */
fun decideAttested(place: Place, status: Int, code: String, retryable: Boolean, times: Int): Action {
    val steps = when (place) {
        Place.REGISTRATION -> when (code) {
            "challenge_rejected" -> listOf(Action.NEW_KEY, Action.NEW_KEY, Action.GIVE_UP)
            "rejected", "locked" -> listOf(Action.NEW_KEY, Action.GIVE_UP)
            "already_registered" -> listOf(Action.USE_KEY)
            "timeout" -> listOf(Action.SIGN_AGAIN, Action.SIGN_AGAIN, Action.GIVE_UP)
            "revocations_stale" -> listOf(Action.WAIT)
            else -> null
        }
        Place.REQUEST -> when (code) {
            "rejected" ->
                if (retryable) listOf(Action.SIGN_AGAIN, Action.NEW_KEY, Action.GIVE_UP) else listOf(Action.NEW_KEY, Action.GIVE_UP)
            "unknown_key", "locked" -> listOf(Action.NEW_KEY, Action.GIVE_UP)
            "counter_overtaken" -> listOf(Action.CHECK_OUTCOME)
            "challenge_rejected" -> listOf(Action.NEW_CHALLENGE, Action.NEW_CHALLENGE, Action.GIVE_UP)
            "token_rejected" -> listOf(Action.NEW_TOKEN, Action.GIVE_UP)
            "proof_rejected" -> listOf(Action.NEW_PROOF, Action.NEW_PROOF, Action.GIVE_UP)
            "timeout" -> listOf(Action.SIGN_AGAIN, Action.SIGN_AGAIN, Action.GIVE_UP)
            else -> null
        }
    }
    val known = steps ?: everywhere(code) ?: if (status >= 500) listOf(Action.WAIT) else listOf(Action.GIVE_UP)
    return known[minOf(times, known.size - 1)]
}
