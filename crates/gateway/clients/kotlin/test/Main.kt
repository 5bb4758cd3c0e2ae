import genuine.Action
import genuine.Answer
import genuine.AttestedKey
import genuine.Client
import genuine.Clock
import genuine.DeviceKey
import genuine.Http
import genuine.Integrity
import genuine.IntegrityToken
import genuine.Keys
import genuine.OutcomeUnknown
import genuine.Place
import genuine.UrlConnectionHttp
import genuine.attestationChallenge
import genuine.decide
import genuine.decideAttested
import java.io.IOException
import java.math.BigInteger
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.security.AlgorithmParameters
import java.security.KeyFactory
import java.security.KeyPairGenerator
import java.security.PrivateKey
import java.security.UnrecoverableKeyException
import java.security.interfaces.ECPrivateKey
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.security.spec.ECParameterSpec
import java.security.spec.ECPoint
import java.security.spec.ECPrivateKeySpec
import java.security.spec.ECPublicKeySpec
import java.time.ZonedDateTime
import java.time.format.DateTimeFormatter
import java.util.Base64

/** What tests/clients.rs asks of this code, a line for each question. */
fun main(arguments: Array<String>) {
    when (arguments[0]) {
        "decide" -> generateSequence(::readlnOrNull).forEach { line ->
            val (place, status, code, retryable, times) = line.split(' ')
            println(decide(Place.valueOf(place), status.toInt(), code, retryable == "true", times.toInt()).name)
        }
        "decide-attested" -> generateSequence(::readlnOrNull).forEach { line ->
            val (place, status, code, retryable, times) = line.split(' ')
            println(decideAttested(Place.valueOf(place), status.toInt(), code, retryable == "true", times.toInt()).name)
        }
        "attested" -> attested(arguments[1], arguments[2], arguments[3], arguments[4], arguments[5].toInt())
        "key" -> {
            val key = key(arguments[1], arguments[2], arguments[3])
            println("${key.id} ${key.thumbprint} ${key.binding(arguments[4])}")
            println(key.proof("GET", arguments[5], arguments[6].toLong(), token = arguments[7]))
        }
        "app" -> app(UrlConnectionHttp(arguments[1]), arguments[2], arguments[3])
        "app-on-jdk" -> app(JdkHttp(arguments[1]), arguments[2], arguments[3])
    }
}

/**
 * A key that a simulated phone attests, after so many signatures: a line for each thing that is asked for. The chain comes from whoever asks,
 * as no hardware is here.
 */
private fun attested(secret: String, x: String, y: String, packageName: String, signed: Int) {
    var last = signed
    val (private, public) = pair(secret, x, y)
    val key = AttestedKey(private, public, packageName) { ++last }
    generateSequence(::readlnOrNull).forEach { line ->
        val words = line.split(' ')
        println(
            when (words[0]) {
                "id" -> key.id
                "challenge" -> attestationChallenge(words[1]).joinToString("") { "%02x".format(it) }
                "register" -> key.registration(words[1], words[2], words.drop(3).map { Base64.getDecoder().decode(it) })
                else -> key.authorization(words[0], words[1], words[2], words[3].toByteArray(), words.getOrNull(4))
            },
        )
    }
}

/** A key whose numbers are given, in hex. */
private fun key(secret: String, x: String, y: String): DeviceKey = pair(secret, x, y).let { DeviceKey(it.first, it.second) }

private fun pair(secret: String, x: String, y: String): Pair<PrivateKey, ECPublicKey> {
    val parameters = AlgorithmParameters.getInstance("EC").apply { init(ECGenParameterSpec("secp256r1")) }
    val curve = parameters.getParameterSpec(ECParameterSpec::class.java)
    val factory = KeyFactory.getInstance("EC")
    val public = factory.generatePublic(ECPublicKeySpec(ECPoint(BigInteger(x, 16), BigInteger(y, 16)), curve))
    return Pair(factory.generatePrivate(ECPrivateKeySpec(BigInteger(secret, 16), curve)), public as ECPublicKey)
}

/** Keys that go with the process, in the place of the Keystore. */
private class MemoryKeys : Keys {
    private var key: DeviceKey? = null
    var areRefused = false
    override var isRegistered = false

    override fun key(): DeviceKey = key ?: run {
        if (areRefused) throw UnrecoverableKeyException()
        val pair = KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }.generateKeyPair()
        DeviceKey(pair.private as ECPrivateKey, pair.public as ECPublicKey).also { key = it }
    }

    override fun discard() {
        key = null
        isRegistered = false
    }

    /** As a Keystore that has invalidated the key: it is there, and signs nothing. */
    fun invalidate() {
        val pair = KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }.generateKeyPair()
        key = DeviceKey(KeyPairGenerator.getInstance("RSA").generateKeyPair().private, pair.public as ECPublicKey)
    }
}

/** What Android does not have: it hands on the body of a 401 to a request that is not kept. */
private class JdkHttp(private val base: String) : Http {
    private val client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()

    override fun send(method: String, target: String, headers: Map<String, String>, body: ByteArray, once: Boolean): Answer {
        val request = HttpRequest.newBuilder(URI(base + target)).method(method, HttpRequest.BodyPublishers.ofByteArray(body))
        headers.forEach { (name, value) -> request.header(name, value) }
        val response = client.send(request.build(), HttpResponse.BodyHandlers.ofString())
        fun header(name: String) = response.headers().firstValue(name).orElse(null)
        val date = header("Date")?.let { ZonedDateTime.parse(it, DateTimeFormatter.RFC_1123_DATE_TIME).toEpochSecond() } ?: 0
        val retryAfter = header("Retry-After")?.toLongOrNull() ?: 0
        return Answer(response.statusCode(), response.body(), retryAfter, date, header("Content-Type"), header("X-Genuine-Problem"))
    }
}

/** An app: it is told what to send, and says how each request ended. Google's word comes from whoever tells it. */
private fun app(http: Http, authority: String, application: String) {
    val keys = MemoryKeys()
    val integrity = Integrity { binding ->
        println("integrity $binding")
        IntegrityToken("classic", readln())
    }
    var ahead = 0L
    val clock = object : Clock {
        override fun seconds() = System.currentTimeMillis() / 1000 + ahead

        override fun sleep(seconds: Long) {
            println("sleep $seconds")
            Thread.sleep(20)
        }
    }
    val client = Client(authority, application, "X-Session" to "kotlin", "3.15", http, keys, integrity, clock)
    generateSequence(::readlnOrNull).forEach { line ->
        val (command, value) = line.split(' ', limit = 2)
        when (command) {
            "key" -> println("key ${keys.key().id}")
            "clock" -> ahead = value.toLong()
            "invalidate" -> keys.invalidate()
            "refuse" -> keys.areRefused = true
            else -> try {
                val outcome = client.send(command, value)
                val action: Action? = outcome.action
                println("outcome ${outcome.answer.status} ${outcome.answer.code.ifEmpty { "-" }} ${action?.name ?: "-"} ${outcome.isWithoutDevice}")
            } catch (unknown: OutcomeUnknown) {
                println("unknown")
            } catch (lost: UnrecoverableKeyException) {
                println("lost")
            } catch (silence: IOException) {
                println("silence")
            }
        }
    }
}
