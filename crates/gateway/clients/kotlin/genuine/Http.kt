package genuine

import java.io.IOException
import java.net.HttpURLConnection
import java.net.URI

/**
 * What came back. `date` is the gateway's time in seconds, or 0. `problem` is the header `X-Genuine-Problem`, in which a proxy hands a
 * refusal on whose body it drops.
 */
class Answer(
    val status: Int,
    val body: String,
    val retryAfter: Long = 0,
    val date: Long = 0,
    private val contentType: String? = null,
    private val problem: String? = null,
) {
    private val members by lazy { members(body) }

    private val refusal: Map<String, Value> by lazy {
        val isProblem = contentType?.substringBefore(';')?.trim().equals("application/problem+json", ignoreCase = true)
        val texts = listOfNotNull(problem, body.takeIf { isProblem })
        texts.map(::members).firstOrNull(::isOfTheGateway) ?: emptyMap()
    }

    /** Whether these are the members of a refusal of the gateway, with the status that this answer has. */
    private fun isOfTheGateway(members: Map<String, Value>): Boolean {
        fun says(name: String, isText: Boolean, fits: (String) -> Boolean) = members[name]?.let { it.isText == isText && fits(it.text) } ?: false
        return status >= 400 && says("type", true) { it == "about:blank" } && says("title", true) { true } &&
            says("status", false) { it == status.toString() } && says("code", true) { it.isNotEmpty() } &&
            says("retryable", false) { it == "true" || it == "false" }
    }

    /** The value of a member of the body that is text, a number or a boolean. */
    fun member(name: String): String? = members[name]?.text

    /** Of a refusal of the gateway. It is empty where the answer is the service's, whatever members that has. */
    val code: String get() = refusal["code"]?.text ?: ""
    val retryable: Boolean get() = refusal["retryable"]?.text == "true"
}

/**
 * Sends one request; an [IOException] says that nothing came back. One that is to be sent `once` is never sent again by itself,
 * over another connection either: the client is told that nothing came back.
 */
fun interface Http {
    fun send(method: String, target: String, headers: Map<String, String>, body: ByteArray, once: Boolean): Answer
}

/**
 * As Android has it. `base` is where the service is, such as `https://shop.example.com`. On a JVM the body of a 401 to a request that is
 * sent `once` is lost: there an [Http] over `java.net.http`, which Android does not have, is better.
 */
class UrlConnectionHttp(private val base: String, private val timeoutMs: Int = 15_000) : Http {
    override fun send(method: String, target: String, headers: Map<String, String>, body: ByteArray, once: Boolean): Answer {
        val connection = URI(base + target).toURL().openConnection() as HttpURLConnection
        try {
            connection.requestMethod = method
            connection.connectTimeout = timeoutMs
            connection.readTimeout = timeoutMs
            connection.instanceFollowRedirects = false
            headers.forEach(connection::setRequestProperty)
            if (body.isNotEmpty() || once || method == "POST" || method == "PUT") {
                connection.doOutput = true
                // HttpURLConnection sends again what it has kept, without a word, when the connection ends before the answer. It keeps
                // nothing of what is streamed.
                if (once) connection.setFixedLengthStreamingMode(body.size)
                connection.outputStream.use { it.write(body) }
            }
            val status = connection.responseCode
            val stream = if (status < 400) connection.inputStream else connection.errorStream
            val text = stream?.use { it.readBytes().decodeToString() } ?: ""
            val retryAfter = connection.getHeaderField("Retry-After")?.toLongOrNull() ?: 0
            val problem = connection.getHeaderField("X-Genuine-Problem")
            return Answer(status, text, retryAfter, connection.date / 1000, connection.contentType, problem)
        } finally {
            connection.disconnect()
        }
    }
}
