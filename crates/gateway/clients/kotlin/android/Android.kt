// Not compiled in this repository's checks, which have no Android SDK. It takes com.google.android.play:integrity and
// kotlinx-coroutines-play-services, and minSdk 26. Everything that decides is in ../genuine, which is compiled and run.
package genuine.android

import android.content.Context
import android.content.pm.PackageManager
import android.os.SystemClock
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import com.google.android.gms.tasks.Tasks
import com.google.android.play.core.integrity.IntegrityManagerFactory
import com.google.android.play.core.integrity.IntegrityTokenRequest
import com.google.android.play.core.integrity.StandardIntegrityManager.PrepareIntegrityTokenRequest
import com.google.android.play.core.integrity.StandardIntegrityManager.StandardIntegrityTokenProvider
import com.google.android.play.core.integrity.StandardIntegrityManager.StandardIntegrityTokenRequest
import genuine.AttestedKey
import genuine.Clock
import genuine.DeviceKey
import genuine.Integrity
import genuine.IntegrityToken
import genuine.Keys
import genuine.attestationChallenge
import java.io.IOException
import java.security.KeyPairGenerator
import java.security.KeyStore
import java.security.PrivateKey
import java.security.UnrecoverableKeyException
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException

/** The key in the Android Keystore, in StrongBox where there is one. */
class KeystoreKeys(private val context: Context) : Keys {
    private val store = KeyStore.getInstance("AndroidKeyStore").apply { load(null) }
    private val preferences = context.getSharedPreferences("genuine", Context.MODE_PRIVATE)

    // The key is deleted with the app, and so is this; a backup must not bring one back without the other.
    override var isRegistered: Boolean
        get() = store.containsAlias(ALIAS) && preferences.getBoolean("registered", false)
        set(value) = preferences.edit().putBoolean("registered", value).apply()

    override fun key(): DeviceKey {
        if (!store.containsAlias(ALIAS)) {
            isRegistered = false
            generate()
        }
        // Of a key that the system has lost there may be the name alone. One that it has invalidated is there, and signs nothing: for that
        // there is KeyPermanentlyInvalidatedException, an InvalidKeyException. The client has another one made for both.
        val privateKey = store.getKey(ALIAS, null) as? PrivateKey
        val publicKey = store.getCertificate(ALIAS)?.publicKey as? ECPublicKey
        if (privateKey == null || publicKey == null) throw UnrecoverableKeyException("the Keystore does not have the key any more")
        return DeviceKey(privateKey, publicKey)
    }

    override fun discard() {
        isRegistered = false
        store.deleteEntry(ALIAS)
    }

    private fun generate() = generate(context, ALIAS, null)

    private companion object {
        const val ALIAS = "genuine"
    }
}

/**
 * A key that the hardware attests: for an application with key attestation, in the place of Play Integrity. A key is attested when it is made,
 * and once, so that each registration begins with a challenge and a new key. The last counter is kept before it is used.
 */
class KeystoreAttestation(private val context: Context) {
    private val store = KeyStore.getInstance("AndroidKeyStore").apply { load(null) }
    private val preferences = context.getSharedPreferences("genuine-attested", Context.MODE_PRIVATE)

    /** A new key for this challenge, in the place of the one before, and what is sent to register it. */
    fun register(application: String, challenge: String): String {
        store.deleteEntry(ALIAS)
        preferences.edit().clear().commit()
        generate(context, ALIAS, attestationChallenge(challenge))
        val chain = store.getCertificateChain(ALIAS).orEmpty().map { it.encoded }
        return (key() ?: throw UnrecoverableKeyException()).registration(application, challenge, chain)
    }

    /** The key, if there is one. */
    fun key(): AttestedKey? {
        val privateKey = store.getKey(ALIAS, null) as? PrivateKey ?: return null
        val publicKey = store.getCertificate(ALIAS)?.publicKey as? ECPublicKey ?: return null
        return AttestedKey(privateKey, publicKey, context.packageName, ::next)
    }

    @Synchronized
    private fun next(): Int {
        val next = preferences.getInt("counter", 0) + 1
        if (!preferences.edit().putInt("counter", next).commit()) throw IOException("the counter cannot be kept")
        return next
    }

    private companion object {
        const val ALIAS = "genuine-attested"
    }
}

private fun generate(context: Context, alias: String, attestationChallenge: ByteArray?) {
    val builder = KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN)
        .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
        .setDigests(KeyProperties.DIGEST_SHA256)
    attestationChallenge?.let(builder::setAttestationChallenge)
    if (context.packageManager.hasSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE)) builder.setIsStrongBoxBacked(true)
    val generator = KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, "AndroidKeyStore")
    generator.initialize(builder.build())
    generator.generateKeyPair()
}

/** Classic requests: seconds each, and few of them. What Play says in the place of a token becomes an [IOException], and so does its silence. */
class ClassicIntegrity(context: Context) : Integrity {
    private val manager = IntegrityManagerFactory.create(context)

    override fun token(binding: String): IntegrityToken {
        val request = IntegrityTokenRequest.builder().setNonce(binding).build()
        return IntegrityToken("classic", await { Tasks.await(manager.requestIntegrityToken(request), 60, TimeUnit.SECONDS) }.token())
    }
}

/** Standard requests: quick, once a provider is prepared. A provider that is over is prepared again. */
class StandardIntegrity(context: Context, private val cloudProject: Long) : Integrity {
    private val manager = IntegrityManagerFactory.createStandard(context)
    private var provider: StandardIntegrityTokenProvider? = null

    override fun token(binding: String): IntegrityToken {
        val request = StandardIntegrityTokenRequest.builder().setRequestHash(binding).build()
        val token = try {
            await { Tasks.await(prepared().request(request), 60, TimeUnit.SECONDS) }
        } catch (failure: IOException) {
            provider = null
            await { Tasks.await(prepared().request(request), 60, TimeUnit.SECONDS) }
        }
        return IntegrityToken("standard", token.token())
    }

    private fun prepared(): StandardIntegrityTokenProvider = provider ?: run {
        val request = PrepareIntegrityTokenRequest.builder().setCloudProjectNumber(cloudProject).build()
        Tasks.await(manager.prepareIntegrityToken(request), 60, TimeUnit.SECONDS).also { provider = it }
    }
}

private fun <T> await(task: () -> T): T = try {
    task()
} catch (failure: ExecutionException) {
    throw IOException("Play Integrity", failure.cause)
} catch (late: TimeoutException) {
    // As if nobody had answered: the client waits, and asks again.
    throw IOException("Play Integrity", late)
}

/** The system's time; its waits end early if the thread is interrupted. */
class SystemTime : Clock {
    override fun seconds() = System.currentTimeMillis() / 1000

    override fun sleep(seconds: Long) = SystemClock.sleep(seconds * 1000)
}
