package genuine

import java.io.IOException
import java.net.HttpURLConnection
import java.net.URI

/** What came back. `date` is the gateway's time in seconds, or 0. */
class Answer(val status: Int, val body: String, val retryAfter: Long = 0, val date: Long = 0) {
    /** The value of a member that is text without escapes, a number or a boolean: of problems, challenges and tokens all are. */
    fun member(name: String): String? =
        Regex("\"$name\"\\s*:\\s*(?:\"([^\"\\\\]*)\"|([a-z0-9.-]+))").find(body)?.let { it.groupValues[1] + it.groupValues[2] }

    val code: String get() = member("code") ?: ""
    val retryable: Boolean get() = member("retryable") == "true"
}

/** Sends one request; an [IOException] says that nothing came back. */
fun interface Http {
    fun send(method: String, target: String, headers: Map<String, String>, body: ByteArray): Answer
}

/** As the JVM and Android have it. `base` is where the service is, such as `https://shop.example.com`. */
class UrlConnectionHttp(private val base: String, private val timeoutMs: Int = 15_000) : Http {
    override fun send(method: String, target: String, headers: Map<String, String>, body: ByteArray): Answer {
        val connection = URI(base + target).toURL().openConnection() as HttpURLConnection
        try {
            connection.requestMethod = method
            connection.connectTimeout = timeoutMs
            connection.readTimeout = timeoutMs
            connection.instanceFollowRedirects = false
            headers.forEach(connection::setRequestProperty)
            if (body.isNotEmpty() || method == "POST" || method == "PUT") {
                // Not in streaming mode: the body of a 401 would be lost there.
                connection.doOutput = true
                connection.outputStream.use { it.write(body) }
            }
            val status = connection.responseCode
            val stream = if (status < 400) connection.inputStream else connection.errorStream
            val text = stream?.use { it.readBytes().decodeToString() } ?: ""
            val retryAfter = connection.getHeaderField("Retry-After")?.toLongOrNull() ?: 0
            return Answer(status, text, retryAfter, connection.date / 1000)
        } finally {
            connection.disconnect()
        }
    }
}
