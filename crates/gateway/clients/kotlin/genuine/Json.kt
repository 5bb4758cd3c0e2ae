package genuine

/** A value in a JSON object: text, or a number, `true`, `false` or `null` as it stands there. */
class Value(val text: String, val isText: Boolean)

/**
 * The members of a JSON object that are neither objects nor arrays. What lies deeper is read over: a `code` in there is another one's.
 * There are none of what is no object, or has a name twice.
 */
fun members(json: String): Map<String, Value> = try {
    Reader(json).members()
} catch (malformed: IllegalArgumentException) {
    emptyMap()
}

private class Reader(private val json: String) {
    private var at = 0

    fun members(): Map<String, Value> {
        val found = HashMap<String, Value>()
        val names = HashSet<String>()
        expect('{')
        if (peek() == '}') {
            at++
        } else {
            do {
                val name = text()
                require(names.add(name))
                expect(':')
                value()?.let { found[name] = it }
            } while (hasNext())
        }
        require(peek() == null)
        return found
    }

    private fun hasNext(): Boolean {
        val char = next()
        require(char == ',' || char == '}')
        return char == ','
    }

    private fun value(): Value? = when (peek()) {
        '"' -> Value(text(), true)
        '{', '[' -> null.also { skip() }
        else -> Value(literal(), false)
    }

    /** Over an object or an array, however deep it is. */
    private fun skip() {
        var depth = 0
        do {
            when (peek()) {
                '"' -> { text(); continue }
                '{', '[' -> depth++
                '}', ']' -> depth--
                else -> {}
            }
            raw()
        } while (depth > 0)
    }

    private fun text(): String {
        expect('"')
        val read = StringBuilder()
        while (true) {
            when (val char = raw()) {
                '"' -> return read.toString()
                '\\' -> read.append(escaped())
                else -> read.append(char)
            }
        }
    }

    private fun escaped(): Char = when (val char = raw()) {
        '"', '\\', '/' -> char
        'b' -> '\b'
        'f' -> '\u000c'
        'n' -> '\n'
        'r' -> '\r'
        't' -> '\t'
        'u' -> (1..4).fold(0) { code, _ -> code * 16 + Character.digit(raw(), 16).also { require(it >= 0) } }.toChar()
        else -> throw IllegalArgumentException()
    }

    private fun literal(): String {
        val start = at
        while (at < json.length && (json[at].isLetterOrDigit() || json[at] in "+-.")) at++
        return json.substring(start, at).also { require(it.isNotEmpty()) }
    }

    private fun raw(): Char {
        require(at < json.length)
        return json[at++]
    }

    /** What comes after white space, or null at the end. */
    private fun peek(): Char? {
        while (at < json.length && json[at] in " \t\r\n") at++
        return json.getOrNull(at)
    }

    private fun next(): Char {
        peek()
        return raw()
    }

    private fun expect(char: Char) = require(next() == char)
}
