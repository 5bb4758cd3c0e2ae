package genuine

import java.math.BigInteger
import java.security.MessageDigest
import java.security.PrivateKey
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.util.Base64
import java.util.UUID

fun sha256(octets: ByteArray): ByteArray = MessageDigest.getInstance("SHA-256").digest(octets)

fun base64url(octets: ByteArray): String = Base64.getUrlEncoder().withoutPadding().encodeToString(octets)

/** A number in 32 octets. */
private fun fixed(number: BigInteger): ByteArray {
    val octets = number.toByteArray().takeLast(32).toByteArray()
    return ByteArray(32 - octets.size) + octets
}

/** r and s in 32 octets each (RFC 7518 §3.4), from the DER that `java.security` gives. */
private fun rawSignature(der: ByteArray): ByteArray {
    val r = der.copyOfRange(4, 4 + der[3])
    val s = der.copyOfRange(6 + der[3], der.size)
    return fixed(BigInteger(1, r)) + fixed(BigInteger(1, s))
}

/** A key on P-256, whose private half may lie in hardware. */
class DeviceKey(private val privateKey: PrivateKey, publicKey: ECPublicKey) {
    private val x = fixed(publicKey.w.affineX)
    private val y = fixed(publicKey.w.affineY)
    private val jwk = """{"crv":"P-256","kty":"EC","x":"${base64url(x)}","y":"${base64url(y)}"}"""

    /** Its identifier, in standard base64. */
    val id: String = Base64.getEncoder().encodeToString(sha256(byteArrayOf(4) + x + y))

    /** Its thumbprint (RFC 7638): the value of `dpop_jkt`, and `cnf` of its tokens. */
    val thumbprint: String = base64url(sha256(jwk.toByteArray()))

    /** What an integrity token is bound to. */
    fun binding(challenge: String): String = base64url(sha256("genuine-device-v1\n$challenge\n$id\n".toByteArray()))

    /** The header `DPoP`. `uri` has no query; `now` is in seconds; `nonce` is a challenge, `token` the session token that the request shows. */
    fun proof(method: String, uri: String, now: Long, nonce: String? = null, token: String? = null): String {
        var claims = """"jti":"${UUID.randomUUID()}","htm":"$method","htu":"$uri","iat":$now"""
        if (nonce != null) claims += ""","nonce":"$nonce""""
        if (token != null) claims += ""","ath":"${base64url(sha256(token.toByteArray()))}""""
        val header = """{"typ":"dpop+jwt","alg":"ES256","jwk":$jwk}"""
        val signed = base64url(header.toByteArray()) + "." + base64url("{$claims}".toByteArray())
        val signature = Signature.getInstance("SHA256withECDSA")
        signature.initSign(privateKey)
        signature.update(signed.toByteArray())
        return signed + "." + base64url(rawSignature(signature.sign()))
    }
}
