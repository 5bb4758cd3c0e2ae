import genuine.Action
import genuine.Answer
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
import genuine.decide
import java.io.IOException
import java.math.BigInteger
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.security.AlgorithmParameters
import java.security.KeyFactory
import java.security.KeyPairGenerator
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

/** What tests/clients.rs asks of this code, a line for each question. */
fun main(arguments: Array<String>) {
    when (arguments[0]) {
        "decide" -> generateSequence(::readlnOrNull).forEach { line ->
            val (place, status, code, retryable, times) = line.split(' ')
            println(decide(Place.valueOf(place), status.toInt(), code, retryable == "true", times.toInt()).name)
        }
        "key" -> {
            val key = key(arguments[1], arguments[2], arguments[3])
            println("${key.id} ${key.thumbprint} ${key.binding(arguments[4])}")
            println(key.proof("GET", arguments[5], arguments[6].toLong(), token = arguments[7]))
        }
        "app" -> app(UrlConnectionHttp(arguments[1]), arguments[2], arguments[3])
        "app-on-jdk" -> app(JdkHttp(arguments[1]), arguments[2], arguments[3])
    }
}

/** A key whose numbers are given, in hex. */
private fun key(secret: String, x: String, y: String): DeviceKey {
    val parameters = AlgorithmParameters.getInstance("EC").apply { init(ECGenParameterSpec("secp256r1")) }
    val curve = parameters.getParameterSpec(ECParameterSpec::class.java)
    val factory = KeyFactory.getInstance("EC")
    val public = factory.generatePublic(ECPublicKeySpec(ECPoint(BigInteger(x, 16), BigInteger(y, 16)), curve))
    return DeviceKey(factory.generatePrivate(ECPrivateKeySpec(BigInteger(secret, 16), curve)), public as ECPublicKey)
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
