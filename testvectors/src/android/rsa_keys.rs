//! The RSA keys of the simulated Android devices: two primes and a public exponent each.
//!
//! An RSA key cannot be had from a seed in the time that minting may take, so these are constants. `openssl genpkey -algorithm RSA
//! -pkeyopt rsa_keygen_bits:4096` made each of them once, with `rsa_keygen_pubexp:3` for the last; the primes are those of `openssl rsa
//! -text`. Everybody can read them here: they protect nothing, and belong into no production configuration.

use std::sync::LazyLock;

use crate::keys::{RsaKey, Signer};

macro_rules! signers {
    ($( $(#[$doc:meta])+ $name:ident: $primes:ident; )+) => {
        $(
            $(#[$doc])+
            pub(crate) fn $name() -> Signer {
                static KEY: LazyLock<RsaKey> = LazyLock::new(|| RsaKey::new($primes.first, $primes.second, $primes.exponent));
                Signer::Rsa(KEY.clone())
            }
        )+
    };
}

signers! {
    /// The RSA root of `AndroidPki::default`.
    root: ROOT;
    /// The RSA root of `AndroidPki::attacker`.
    other_root: OTHER_ROOT;
    /// The batch intermediate of phones with RSA factory keys.
    batch: BATCH;
    /// The factory attestation key of 3072 bits.
    attestation_3072: ATTESTATION_3072;
    /// The factory attestation key of 2048 bits.
    attestation_2048: ATTESTATION_2048;
    /// The RSA key of an app.
    leaf: LEAF;
    /// The key of 1024 bits.
    short: SHORT;
    /// The key with the public exponent 3.
    exponent_3: EXPONENT_3;
}

/// Two primes in hexadecimal digits, and the public exponent.
struct Primes {
    first: &'static str,
    second: &'static str,
    exponent: u64,
}

/// The RSA root of `AndroidPki::default`: 4096 bits.
const ROOT: Primes = Primes {
    first: "\
        fd0e29fbcf553140cd0988f7c4e3f759357b3c2a5fd474b8e1a05baa06236477a2cb5facdcd38fdb54a21b2a4994727b918d\
        9144cf6b1eb03a41de45858e0f65c7d9f28d528a4f69cc34db50a0ba29628c9b566a8c64f16eda6ef5bd301bd29216e9be15\
        57e1c4d41768fbb04e27e45619b99da4aaf8501d420633e075fc72fdabc09b0c1315e86ec67fc6fb6cd5ae16014ef39e68c3\
        5b257cc078382629ae872c729c934504b3ff65039b3b3fd8c9eadd26b751bd7326f29c94bfde74aa43ff313177758dc7f2e6\
        7b354cbf8b57a47ead13263fdf76ae811cca43c8fb029cfc285f5f753ede5c61a288445b3c27ed72a12aa233dde288915114\
        e7d099b80609\
        ",
    second: "\
        fa076e02a4cd8266bd62f5f7cb1011f5c79ec6486365af8fb0c00b6d88ea1e928cae27c9742c94644e9ca5650d9bc746e1c2\
        2ab38f4f8371b31f1e421d84b54d146822614131360eb4234fcc506f3abe67248c2497de46a5242e8c1a1b9a8f5909f18817\
        ae1cd5659eebefac368ffd73d312c325172f208e9913801c90fd894a0f6f8599daabd5545bac0462de2fdabf9542adeb30f0\
        3a7ea43281b3b417ed648f8d37694c2bacdf896258789bc8a2f9316171b411ed87d47963e454c013ef6ddb4bbf17c177ffc7\
        8e267ce52c16c2a8df73ca8ba20d629f732bd35b218a3d8d011d40d3ea30ca977e3fd34a6c01907063a7ba52f0026e8cdace\
        c8a06f5a2467\
        ",
    exponent: 65_537,
};

/// The RSA root of `AndroidPki::attacker`: 4096 bits.
const OTHER_ROOT: Primes = Primes {
    first: "\
        dd8956c0a17d90a2180ed4a739ce07e5934283c2da046ac0b8d61e7663aa64781c2be1ea316546ca85717c47ae47a145f0a9\
        82f31bf358872fbc104c3d84f67df7133ec355ba3e7d6e9b2189fcc6e0722e3ec9e055cd416503788d46015611865508e29a\
        7c7c676c22c929a857b5c72a4819cbd61bd0e577cfd2f610d66deda75026d7627b9b650e56c7b8476dfa347b4ef86189f697\
        6dd82f12a5e2c333519a7ac61240dcecd3eea62cb20f05342373ffbf8a1f99a6bf1bad894d162807091d96c7383075e5cf53\
        f1b432deffcf16c194dd905ff9e2c4d3612fec00e4d700a72b59d9cb38f791fdf339b46f32240c7d209cbff7a82bcb87aa49\
        c3911555d627\
        ",
    second: "\
        c0e4e931647d76202c2101792ca76e43c07047985bb7c40f69e8e0369d068ab436a905ad439035c1ce5e84c55ea6928dc235\
        701f820a47352f8d914db97ccd507d582c8729a825b353f06b6b4fedc5623f629ec5f3ebfb2227e185c0d8eb54cb7f643aee\
        f82bb46934048bbd10dde78dce5f4ea5663d37d60df1898b025263152a466bae0a5d23367323e35296e2e0b6b437d9805e42\
        6aa1bd87377d3c7b12e274705cdf983385d2ebd245b32bf3a03b50814b05d48ab27a269a02dad6a157bc97248cb73e8c9c67\
        d9b8214f26d059a5b2be55918f6b09f3c477eb9d5a5cd37c1595f7251eef3a26c684ff9e3a29011c63916b24fc4b3a47aaff\
        b1aa9edbf009\
        ",
    exponent: 65_537,
};

/// The batch intermediate of phones with RSA factory keys: 4096 bits.
const BATCH: Primes = Primes {
    first: "\
        f635face05348e82bcb10a202a4d45de25694cd36a5ad8966cec747cdbebf9aa346013570bacf99a519d8f2addf9243aac96\
        1d201bee2330b4221f22b4c7791db67e0ba2ac914f7ed084dd8d94ef226bd5dab12de2634cc8715dedd700818d2a931b468e\
        39512bc91b29b5446c1d660e6391a949fd55bf1ed563caa29782b8e5e618beccd44d085db384947c1c5ab9e428928d55f4f9\
        c73aa96e72270209d480e9d8d2b515b42a5fa663f836309a4b40b82bec1e8cdee50a601a4633f44fdadb354553cb43a43c9f\
        bc0da4b7f63a95a3c2d23fc2fe9030957cc59ebc73c1ea3ccb230454086d8494c35dbb0d8ad2542909ae33b1b892d0714e76\
        c7a3539fc6d9\
        ",
    second: "\
        c9758b84a439ce978a721c7a04fe5f10eff13ff5f841eaac3e592b62ca5eac61f57a9563ef33ce615a80d7640de878ae7b9e\
        a877a2de84438aec737b458b2656a41ebe96e1cb278c2eb2b439a735242446bceff2f5a7c6b36bf02577552d2c44b0067b2f\
        58173832135bedffa3ed7bbf1ef4acf6ce638e389ae7a38286461c34e974e754d1bd119063e5d22b5ebe2f5cbd7aeb8be10a\
        b9b8c6def09d527c11314af7eec6f7ed2afe1dfcb7f9addd55ee35a8b40b7ca4c0686f6ccc6f7528590605c6ab0b1091db3e\
        72fb174976669060eb1b5f2ad5255ac69538c2d9bb0f0dfdddba10ce2b6d68ab5a0d0c47f7f4ece7cd4c1ac15d030496fa6d\
        f4eac496a817\
        ",
    exponent: 65_537,
};

/// The factory attestation key of phones with RSA keys: 3072 bits.
const ATTESTATION_3072: Primes = Primes {
    first: "\
        db9fec5a7454c2842be7b7a6dec3ae9453d06867829ac3824d053d39e8c863896932006c368d69e769c789c62b4d10725fba\
        b551234b0aecb042453cce40e2315d59a58e5f895227f3cf84289d44d701ee33523c556c89b0dcb101a8e06043b207700f84\
        259a96988b0a8a5bdc4869b2b21de0f388c19e1e9a4c931555fe720041c875a3b1fe35592e717c210e853e9503101a67de7c\
        e3d63db6f82fcded8a2f65e22529a617b7ba5e450aa6cdfb54c695ba3f8e637539059bbe42a73a4d4355\
        ",
    second: "\
        c163a1e91b6fc17b90c248bac34788893fcf5c9507ac80a70aa036372457d441e2034a897981528cc399607a9f7ad4d7248d\
        2aa1ae294dc290d1c47db11778c675bbe9e44e7d930892c2371cce86a09ce6c79b74c9aae82d72cf038e33ba30ba1e7d1ac6\
        c6a4cfce8711c889bc358856ab0233648b114fb1b3da7f4511e97f972b09f808fac2a31138fa063360ef37f63039f76c85bb\
        1a1317b91201ad2b6fb7bb4f542bfb20bd253a0e1bea5d144869cc7f4c7e220264250ca4b7eba3d1541b\
        ",
    exponent: 65_537,
};

/// The same of 2048 bits, as in secure elements.
const ATTESTATION_2048: Primes = Primes {
    first: "\
        ec0e485f888ef04837275f73722ecb7426462178a23dbd892d2f2141cfac45d6cbe568cbed41f74cc6b1e6e7247d76f95cb3\
        26449005342e04e8217a77147043181c5f65a2e40789f1920610ee6850453b0207eb31a8207147b4f638246babcb12f3ead2\
        f2cd74abb3a2861b99963aa4ca7936c1a06542d10f57a4ca75427e2b\
        ",
    second: "\
        ba0e7fe09be81d816f828da3853d578e8d6df95dbed689966d2216aa960f5e78a46616ec4a934cba3ff501cbc803df410a25\
        e730fcee4cd8602105c2f2dc8185e23730a84971bab50ef0c3542d3fa9563167c77c791699fb64b9054cd82e4c0b2dde0c34\
        960adf6aca4ec94208958379e14e3ab60f1b543cd7efef075793df37\
        ",
    exponent: 65_537,
};

/// The RSA key of an app: 2048 bits.
const LEAF: Primes = Primes {
    first: "\
        f14a660cbca7b2bed2521e43c4832584a72f423ae5738804eebdf6f5a1fc67a498909530adf2799b86cb9854acb5da8bafd5\
        5aa58a405a024b244fb22bf5c804f49b6c8af4187056d901922beffe5de8e7c4507680b3e66ea8384fd6130761e2e66822fe\
        afa5559fa6bf2ca45b47f443094523bd4dc824836ae8c80de12554d7\
        ",
    second: "\
        d50b36f762770b115bcfc90d46b9500cfe01156945e2916be44a7ea4a9b66546c935fc3e66c71b303e633a35f2edf6542ecb\
        a69a5c85a9121511e5d607c4aa4502627ed61703e1d234652289f344dbaef4eac6101c54d7e6ee1ee4e77771a461a0d67fe6\
        684ce8cef4ad654adc0008823f65d30b358e1ba2d3e10d24b58d4d89\
        ",
    exponent: 65_537,
};

/// A key of 1024 bits, with which nothing genuine is signed: for negative vectors.
const SHORT: Primes = Primes {
    first: "\
        fec6f76800f4f52ea89afc6c61c30edbaafa2d90c53194a68efd11d5e16b9be233255ad84495e6eaffcbad03f06f21dccec3\
        567a6527e0c968f8c052d6859a17\
        ",
    second: "\
        dd5db8b3d34b7d50a49d8819af6392b171faaa9e7791d882e0ce794a8d94a38a20d163701392a56272cc54893fcd1f9dc891\
        67593b1a3de3839f45ad505767e5\
        ",
    exponent: 65_537,
};

/// A key of 2048 bits with the public exponent 3: for negative vectors.
const EXPONENT_3: Primes = Primes {
    first: "\
        dc1ef5ff2725870c84338f7603ed1e932402fa8cea742fbaf5894444428fc350fad25d38796cad6d72b10972758b4f0ab238\
        c48b236d53835bed2bb19dbf307809b7348dc51cf9cb7a39ae012df0ed3b5dcaa5073875dcc25f57d19e14c084c9ea7690b0\
        63be9de3708f82c09f851dc68b373b92458ae1757d73a2bf2bb54955\
        ",
    second: "\
        cff0802ff5b6cd7760a34257a0dc1510ed2a9863050c4bbd04a5a033341ead187d87dd78aa5b10f885d8d790b8452ac34529\
        b353f36378b3b3218f569092eaacc86c4d13ece018a61ab253ea8960f35633941c83189e1ce7cf5597562884fd7f9a216269\
        40e65a6c5c352e2b5c096836754727acc715f76a4a044328e8063231\
        ",
    exponent: 3,
};
