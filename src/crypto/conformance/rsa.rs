//! RSA: three keys that everybody knows, one good signature by each, and what an honest signer would never have signed.
//!
//! The digest is that of the first text among "sample 0", "sample 1" … of which the signature by the key of 2048 bits begins with a
//! zero. The tests of the project compute all of them again from the encoded messages.

use super::{ConformanceFailure, digests, expect, known::hex};
use crate::crypto::{
    rsa::RsaPublicKey,
    traits::{CryptoError, VerifyRsa},
};

/// SHA-256 of "sample 105".
const DIGEST: [u8; 32] = hex("bbee99c012faa28650dc956de523651454f66ad074d4cb5180e9816cffc5d573");
/// The product of two primes, each of them the first one from 1,024 bits on that SHA-256 gives of a seed. In the project's test
/// vectors is how; there the primes are known, to everybody.
const MODULUS_2048: [u8; 256] =
    hex("b15b5b4225fdb1ad6d075854ab1c70c7f49ba8b86b8f15032faaacf6182b7482b00a809ba0174a26f0ff622cd8aaf751\
    ea41f9ed5adcf6d9cfe8dd876ae5c6a1a34e85ce90e8ab9bd33e3cba763e623d1a65e006e9efed3224b87f5a3fa73afc\
    cbeddeeec8dd84e8aab1507757f6735258ea9c77313166f6a29041bef7126a9913b3b13180666721131eeae9c56dcc17\
    2b9452a00d864d41348052c85a35696fe6d98faec3bafda877b9a67d5fc3792c5f62519aefa995927565414a0f52ecd1\
    16a79ea4ff34424b092c7662a44de423460d4eabcbfc205209a124b5ac5fd9bdb809d8cf08813eb56aea93082bb047c5\
    6ff912de31ef3460e4e8fa482344faf7");
/// The same of 3072 bits.
const MODULUS_3072: [u8; 384] =
    hex("c34c11d5945ba45be6ccea4e9c92291cadbd219bbf78772f8cfcb180f2de555bb9e23c31d7a3bcc506494066b0e4e620\
    2386fff00b3bd9fec4003fa80b1e491d7c3d2dbfcb7f49e5286caf67ed3aee95ffd6517a43c3b848c6319faa53cdd91e\
    195bb736b2a150c971ba5f9199cdc61603576a596208fd057777321661432040849842c0a361bdf871a7f12f0d59aa54\
    e5c129fbe20050f79570d0086a347ca035c5076e0adcb921edf6f8e9a5c09f1e7a4a7c492e77185ddadacc68c0a2732f\
    fcc3501e2c0f53c835715107ee950ba664cccbd52a856011a7b4eb671473cb506ac0365a6718cbd2d1134c178b119800\
    c3e35d97afe553142d5431422fe626184e4c793e1562b0b29259cb37d9b3db66c233f19881a5d21ed84d049bee66163b\
    f5cb88045a177c996f32275cc50da3c2ea5edb9d544695dd486dbf7f6797ea2a14c227590a0332c13763e836283218c1\
    933206cc019fb044a667272751a5eda59344c136541fa1529ca2da336fe339704b4993b1faf63bc547888a7ac58d559d");
/// The same of 4096 bits.
const MODULUS_4096: [u8; 512] =
    hex("a2136a396ae130ae343d95a5e94df9744f854508ea9f840e709783603e202fbf11015e233d2c23b4ac4eb309c58e1fb7\
    9bb8718a2babf3d7b6f3cd116d98c904948889608f56e3f3ea34ff194896d7d30e66d619b951a86f7c7c679edd6d7edb\
    1fdc99ea1c6a9cc8ace5f1929825d039e02ac69a0a096be275286a73d69a6440e6b9653c4755a2931247b0d1c0efa72e\
    2d936e36e381e317728d19e237494fcabc39e47208a693f1aaf0dbc4188fe1602fafe375ebd792f354fd92b1cd575bc5\
    75ad416218310e2e29a39a66389fd662ed749ab00144f9e05d65e3e29c268eac1dee630fe13f7ff0fce6f204903453c4\
    f4d0f9ad5e2b59f91293cf02bc465068098da3a9b4511e34b303c831f1b8670258fc1d69879dee49aa7136612781744c\
    ecb683ce535e2471baca0991543614d72f31541cc74d6c7309fc7e3e59b0b8b8d0a1cb04743a0c8c0aec10aa9a2478fb\
    b8b649c025b5bd16b4e5f730d9acf785124eaae578fc9b492a28d044057114845de7fa580c0acfc609a3f0ed55950714\
    f4c037ed450f8f586ce40e9e0d308eb33248f8a748cce8d8bfc5188601e2ed26045fa8a135ce1cf9fa431ab2f3a975e9\
    85d46fe23fdfa531f73d8846d50d6a04892a785a75c344e4295d00146ff6551eea70fe3f927b8f6916343d478daf3077\
    6770c18b5acc574bc932f2219e5dfdda2de70c4620934598965c568127861269");
/// The signature of [`DIGEST`], behind a zero: it begins with one as well.
const SIGNATURE_2048: [u8; 257] =
    hex("0000830282d4898150e2936df4a5bc9ce5a4e6d07a31b6f9b2af5b5d7dca451354d75e312c98044f9ccacf9f864accb5\
    5c351cec5b3e26e3a083ab8d9edfea0d124a5646bd66057852402944cdec43bcf5e948624141b463a25d0124a593b3fc\
    4394e489725345590361ffb8fd4a732317db5008613817a2639022edb43833e7c010aa81fe20d30a6fe42bf4ed3942ed\
    1fc3cf8f3fab3744b26aed3c222558e87c16efdf2d5761f1dda80b70547050d676a50e1d3ae6f0568de18f212535ffb4\
    0167290e2b515d90aab5456e604fa3c4fe2651aa873ea34e8c62ef65c87c2ae375079c46da044372dabe83c2a0a31097\
    edc0eda83a0093bfa65110f3d22418156b");
/// The same with the key of 3072 bits.
const SIGNATURE_3072: [u8; 384] =
    hex("506648d525a4ca883d7cb56cd65a8d0145650884be5967134171842c7480298d20d80b0d6e6c264c5889ebe41a7533d5\
    74abfbd0b9e259832810a13bd38e21583ade5c0330932ed50aa809f72c22d910d8120515cd73920103a0d214a253decf\
    4005ea5df523de19151bfb7bd6fff27fd927cd87c49d9facc24661a5163f18dc9ad623e16885ba9f5ee9eb8666217488\
    80b1a66c5d0be7360053c1a3cccec39385e04bd88df727252cb08110dcc93ed4c5f8a18c79bfb26410f1f3fd69d6d08c\
    725819eebeb9b31680cbc4d0cc515a90377bb3c8a04e180cc7e59a5fb3e3a985867c02660903fccca28a899e009ac5f3\
    cb12cca8371940e043eca0d51be5d5212a5d5819b8f5030f8d91d6413a1d979ca91767b8dc46c605888181a9ab204051\
    025503cf7f0e75b3080ccfcb593c78e132232ef2115a5de8856fc5d66f2b4c828123e76f893aca0a78ddb0fb309a3b1a\
    585312743fe9438578030f93c82efd3228c3c50703833577df4f73ab631c9ba622dd4f0b362537cfd809548f7d424bb4");
/// The same with the key of 4096 bits.
const SIGNATURE_4096: [u8; 512] =
    hex("9b4dd63a4b5ce1292c95b02049826fa7403db036adf74b00b4f6c98bea80087ad8743fa6a0ed90be2227ab207c167ee6\
    65b2f568ee1816a5480032e85e5b270fcbca55fc2351bd3d4dc03a190f578dc26f92e7e4f004f2c174c3f5378fc0f5aa\
    5e5afcff0500cfc29f599a3dc54e975045681f919cc676c88433e91ab6f26063746dfc254e22cd92e8f97dfd1aa081e3\
    cc7a615987f5c7467c665a52d374668ac642bd1bb8bbdfbd40bac93515147e529c9e3cbc63b4c4d00848ceb81fe33b91\
    c79cc7d5ac02876b3fd38fe082c9d4b37f183f01419d9655bbfceec5720c411c5d43ec27a21a916c0fa27ec7dad252ab\
    9ee3d169ac58b576b2e809b3e9606a3f0ec78d776659ad07f6db3d158f6e32984339bacb31cdeb9c6d76cbe1ca32e513\
    e87bd787f36c5b733e4d0e4f0bd8b0f175ea6b9f80b9303d1c19cedf41e21f6ecee6d7307e007e2e1e0a48b43c66f557\
    6b9360bda01c92eff7cbbd804ccb8d60d322124efea0cce13ca57f0dd306921348149b48cd8f44487e67dd3223fed060\
    4e0e017afb2d4ff5805e7f60c72c1f7c98426ea5ca8508b6ae0f15b3d3b8da91f6904827a93fde4913398a89189e9bf7\
    b7abeec66434cbe873a5c2e7f1a67824d89e2f25fd781152ff980554fa91c8e0ef12ef4098e26fe6352030a77025a910\
    3750350cc0aea3d637476f10265352fd58b1d7061e502f11f0493e8f8ba87541");
/// Of the encoded message without the NULL of the algorithm's parameters, and with padding in its place.
const MISSING_NULL: [u8; 256] =
    hex("507428d09a806ced04865aad553da712d007f32ed2d4ffc5cae7ae8f5265e104701f45983248e5ca93055166021a29e2\
    930441d0e85126178083eda8f4fbc1fe59d1470aa350d0c0bb434bdb65fdbb1d8660c68b0f89bf5974db36b38efc75d5\
    fc8b45b79518c113756bb58dbd1fc27e725961f659c600cd861873d9c57691cd04fc002c295e82e55181003c272f9c67\
    5490f357cb17ebf311fb9be721ca2759673c7ec2955678dfe2693caadddbbee913ff1b97039871345145e12876840039\
    a071446944f69876035f68111adc44cd3e3c277bf13bcfe66893b6e5591644e528f9acc22a266fd9593a859c8589dce9\
    65b88875d886f8292df45c0ccf0ee6dd");
/// Of `00 01`, eight octets `FF`, `00`, the `DigestInfo` and zeros behind it, in whose place somebody else could have numbers
/// that make a cube (CVE-2006-4339).
const BEHIND: [u8; 256] =
    hex("8669c064220e8745e43c331cb934222661cfd9ac65a43932245547dffdeeb09e7b266968bc379e0a39077e7e76679bf6\
    52da0f8f1aa80e23c67b5e1e082b90b2922299af0bfc6e3f55d484fbe09bf27beb85f1cadf94490cf4b181075bb23030\
    021bf971e98ab51dc238098214a18903b38ebd976b2c17a1274965a648117c42136e11ceea68b9caac543e4b53f46573\
    d80d7f14003dc17109f79ef1d655b3fceeff695d1df03e0eba04ff02155273c70f40f3d12570b5e33fcd424812deeedb\
    3de7644215c844eeaf38b76f9b073f42b891337bfd5dc7a38e0da0ac247e2835830721b13ea746bc9a58ad20ad08f161\
    206ae5a75a96132981d21cf738cd92c1");
/// Of the same padding and a `DigestInfo` that fills the rest, by 188 zeros in the NULL (CVE-2014-1568).
const PARAMETERS: [u8; 256] =
    hex("5645657bf737517d346bb2b2edba7f6d08573ae3bf4e72f8583f908301ddf9e09f0c4f5d10a2d07eb988818adbbf05cd\
    cd8b5c5cee32f4bca2ce28f3d4cb57b6be6ccda4e65668a5f91ae028566eb32a7c9d6977f433124f65a403df2c21e6ed\
    d5ac53d111e2a4a148374c8b4bb88b17682f4df5e489bd03549c1741e59ba2497c7914846a5e769d61aa8676b9f3d084\
    8f357dde3f5977898a9dccbaa16ba57889230c2f5bfb99daecb936682aeb4aef3ca37283ee730034194e6a890b4f22e9\
    f92f48e59b9d6e3718fa3b8307b1b25442b683f9a2722e7284b57ce71973af7500266ef6c169a041951b38212c5ac7e6\
    aac9a04503a649ee341c121d97b30d42");
/// Of the encoded message with another NULL at the end of the `DigestInfo`.
const ELEMENT: [u8; 256] =
    hex("3dd61f8e6661e7fb1c4f213ccf654489373d25f2dcb6483cb2493eb342bf043449ce6f64dc9d73c4eff90209eee63901\
    2ce68c6a2e0c94982449c8435ccf6fa5942358dd15ebb4e8c2404be608bb4dd994d22b400a237b8d79598030c7d50869\
    e896542c848ad24a6d4d2ec48aa1542da1727c8d3c317e74750ac3378ed8633c042084a0b4b28449481f31944274913b\
    3727a54b04e6314ce3d45a53fc8f19c1cc1d1147f4cfb5d17475ccb60e651c62e0b24dd75b6a953bcca8d948936cc343\
    770959ee8c2ad451f5fcf10e425d3d0ed178442740aa22b4495ff5fbdb4a27ba561b4288995771bcd125de4a73e198c0\
    576148365674f90611d32a5196d67ed5");
/// Of the encoded message with `00 02` in front.
const BLOCK_TYPE: [u8; 256] =
    hex("3c995a2fd9352269a0008979a8ffc4011ff47c4777331e0398ec77b958895d137accdd7154a1a663b8b8f77f632e9043\
    a2c4558373a931cef7217422d03c6223eb2ded6c02cace5ae621bd3da333b28c8bbc9dfcf50f0a41ae5bed3eef7b27f5\
    d307b725102c6dcad0a620a24fa3671868ed304514f6e274be773c733ddb7fc2b5bbc4a016b30880e4a19aca4c5b2287\
    d7e55f26ee21e10ef157567a848fd7ef56a5a5a3445da1c817ffaf0dc7bdb0d8a38c51b59a41a4d122d149ca9cbd58ec\
    bc3d4090ee8611fdb239773737d4c2f9397819489b339acb4fd671dee4a53c0f4346d309b3e0836a2fbfc065688b74c3\
    8f39c99b2d00fec3a37b249bcc88e7ca");
/// Of the encoded message with `01 01` in front.
const FIRST: [u8; 256] =
    hex("72abc21d95f70fe703778bdf31b220d326c2d1ea8ca311869a48b1299d49943f5b94c785f10ed60fdef9f7f46b349340\
    2a4ea57f3e528d848c3bf0d33dff0e0e3e9fda9f2691a4c32d30286aa9413bc5258ff10e97c3ac9c24e4e62ecda00e93\
    892118b53346e46d36a550ca48b144cb71671a13755aa6ad64b5219ffd9eb87f9926a97a47f148a09b502b1d6feb8e89\
    63daa8074b164c4dfaeb2e0c92dd8477a8fb0376494dcbcc74e6555e6d6a8ab6146f7312b30bda754bba94041735eed5\
    dc0a4082ab207a079ffccc6e904449cfa4265d17dfce5261e668276776e72afb68d7eaa01e9987ba4bfa9dc188644037\
    6289bde19ce85b16314f9d0101585885");
/// Of the encoded message with the octet `FE` among the padding.
const PADDING: [u8; 256] =
    hex("7bd2eef2e870b1e9f6d35c65d682dc3138580561a9ac0a2e00ae3dcae07d29e20559b6e28b33ce80aa85e5f74377bd4d\
    1ee97baf5893c2b9dcb2527a700d20d6b404aa4663afa3db176c4a2b98d2a89b9f992607da0dd9415d33b761348d1459\
    08be1af2651b46bf268352dd1e785cf784fa24782b45d6f407a413b334cd4c564d1db17ba6fd4baed93c2c1c52bf2982\
    b373c5934ff64516ef3d36090f0e57132898d6a08954e2e41b4ee92f131d4604effe4297ba9f20a71d9c7bc8de299ef0\
    f30a1dcfe4de3f34033c3461ea75feaf202b97b745fa5bdfca00819177b7fba74a1ae0f974b1cc440f023466a78d5e04\
    36c3aadeccd5f58e0ce0204b15421290");
/// Of the encoded message with `FF` in the place of the `00` behind the padding.
const SEPARATOR: [u8; 256] =
    hex("0ed3c9368826af18425662f5a90fa4d0160738587a6950189ba07bc834fb843ba6e8fac466435f920506533989428648\
    90367c4a24d1232bba7b6a55e7140689dd77f7d30d5cdd337c54dd4340e9e9fe15b03191ed388b792d148ba9f20987f4\
    08bd9c95ecd6324f5f3978c57154cff15ee9cc26fbc9c063979d1c3eb0876a09f7283d1f9dfca15a1ce6b1491b1a5834\
    eb852d523444e44888b8d15cf730f43bdc3aa0f703ecf8a1b0a991d0a8ffcd294c18d8bb9bd591942420a58eee46dd13\
    03f5e9c50f97372cdeb25b712a12c48111fdcb384f18c3e7ed23d92f65440c4035013ef42430c745894ad941ea6c2773\
    4bf77b08e372f6d5fd38d1a67ff7c7e8");
/// Of the encoded message that is one octet shorter, and a zero in front of it.
const SHORT: [u8; 256] =
    hex("679217296f489e4086073023bee5f0de1ae7d6e0ce87eb574033f52b11f4ea8eb1101e2b54f96724dc5b0d6064e1d5e5\
    72a1ecc2ab5fea01f297b735adbc004bb5c10adcfdb9a0a0fd5b9d0bc521c3744e37debe95633c1b21735eeaa041bfe7\
    cc3808ce68c5c8c65fed3d26d5d9b6e1b95014b62e4711c5f5b59d3febd08eac35830d40e2d88c980ef4c99c4db24b18\
    e528a6b7bfbfdc926e085bb2106a32288ae470a649ca5c3dd5defc73323536e466a371d890c96119ba41fd5f507e046e\
    0b1021a506aa43182768dc882165a2749b23d92dfadcb43210ed0d41ef832640eba55233bdc5c4bf219965ad06f39b90\
    d5098288fa7d474fc2e7d2d1573dc527");
/// Of the encoded message that says that the digest is one of SHA-512/256.
const OTHER_HASH: [u8; 256] =
    hex("6353852e4dbc6bfcc300271b8e8c5578c56aa66d73b6fcf9d99d4f0f70534ae051d7e64d2479d0c6138e6fd177a76a21\
    4d9cd908004cf202649c7bbe51412122b55c512409bd1d29d67e1953123f9dab49b0b02c404a68c03b1eb803093a77de\
    ce25a6a2206726251eb7537c9282dc4558dd187235fe9e88bdfc78387eb80a00228ac2d55bb33e6444561d27c0e00dcc\
    e8f59c45809e03f72cf621fc80bcfa444215e270c55a3622b2142c956aba038416340effb81b4e20e60b634906c966fe\
    296399dd10481a8e6db25b40c91e494dc6da0e022da91d92baa4a1f542c563b5377bc7ffeb464954718eef48bc1a481b\
    4d91762c8f2f5f5eec43db697dd5747e");
/// Of `00 01`, padding, `00` and the digest alone.
const NO_INFO: [u8; 256] =
    hex("915422534cd69098b6d217ba5d79d919489607a06775978c5c2afd56402859af6e3567535944481106d876129b7f7cbb\
    16a01c947e582f47aac56820c947dc6c41bf02c9aa17fb0951717cc9f8252efe14aae7714580f900c268ffde2e02e6f2\
    fe72869de74942fafaca4159b5374fd9203fa3bb4d2f6ec8a5f5757f545d9b88069459857cbc67c92f6f704480638e88\
    b04fc6008650bf9ac657d446d2874916fbce886a078353cfe28b80f6bb6faab732720bb5b1c1a8800698dfa190cd83ac\
    6f4cc3a3c6e6d17228d0c8464f207f91a49da07dca1b672814f3733706c38c41cdd03fd0b8b612cdc4e276ec0472e732\
    85dc4b6790850b16e49f2678a048c133");
/// The same number modulo n, and a signature out of range.
const PLUS_MODULUS: [u8; 256] = sum(&SIGNATURE_2048, &MODULUS_2048);

/// Modulus, digest and signature, and whether it verifies.
type Case = (&'static str, &'static [u8], &'static [u8; 32], &'static [u8], bool);

/// As many octets of [`SIGNATURE_2048`] from a place on.
const fn signature_from(start: usize) -> &'static [u8] {
    SIGNATURE_2048.split_at(start).1
}

const CASES: &[Case] = &[
    ("RSA-2048", &MODULUS_2048, &DIGEST, signature_from(1), true),
    ("RSA-3072", &MODULUS_3072, &DIGEST, &SIGNATURE_3072, true),
    ("RSA-4096", &MODULUS_4096, &DIGEST, &SIGNATURE_4096, true),
    ("RSA-2048 of another digest", &MODULUS_2048, &digests::ABC_256, signature_from(1), false),
    ("RSA-3072 of another digest", &MODULUS_3072, &digests::ABC_256, &SIGNATURE_3072, false),
    ("RSA-4096 of another digest", &MODULUS_4096, &digests::ABC_256, &SIGNATURE_4096, false),
    ("RSA-2048 with the modulus added to the signature", &MODULUS_2048, &DIGEST, &PLUS_MODULUS, false),
    ("RSA-2048 without the zero that the signature begins with", &MODULUS_2048, &DIGEST, signature_from(2), false),
    ("RSA-2048 with a zero in front of the signature", &MODULUS_2048, &DIGEST, &SIGNATURE_2048, false),
    ("RSA-2048 without a signature", &MODULUS_2048, &DIGEST, &[], false),
    ("RSA-2048 with a signature of zeros", &MODULUS_2048, &DIGEST, &[0; 256], false),
    ("RSA-2048 with the modulus for a signature", &MODULUS_2048, &DIGEST, &MODULUS_2048, false),
    ("RSA-2048, the NULL left out", &MODULUS_2048, &DIGEST, &MISSING_NULL, false),
    ("RSA-2048, octets behind the DigestInfo", &MODULUS_2048, &DIGEST, &BEHIND, false),
    ("RSA-2048, octets in the parameters", &MODULUS_2048, &DIGEST, &PARAMETERS, false),
    ("RSA-2048, another element in the DigestInfo", &MODULUS_2048, &DIGEST, &ELEMENT, false),
    ("RSA-2048, block type 2", &MODULUS_2048, &DIGEST, &BLOCK_TYPE, false),
    ("RSA-2048, not zero in front", &MODULUS_2048, &DIGEST, &FIRST, false),
    ("RSA-2048, another octet in the padding", &MODULUS_2048, &DIGEST, &PADDING, false),
    ("RSA-2048, no zero behind the padding", &MODULUS_2048, &DIGEST, &SEPARATOR, false),
    ("RSA-2048, one octet short", &MODULUS_2048, &DIGEST, &SHORT, false),
    ("RSA-2048, another hash named", &MODULUS_2048, &DIGEST, &OTHER_HASH, false),
    ("RSA-2048, the digest alone", &MODULUS_2048, &DIGEST, &NO_INFO, false),
];

/// Runs the signatures of RSA: 3 good ones, one of each size, and 20 others. [`check`](super::check) leaves them out, because App
/// Attest has none.
///
/// # Errors
///
/// The first check that was not passed.
///
/// ```
/// # #[cfg(feature = "genuine-crypto")]
/// genuine::crypto::conformance::check_rsa(&genuine::crypto::GenuineCrypto).unwrap();
/// ```
pub fn check_rsa<C: VerifyRsa + ?Sized>(crypto: &C) -> Result<(), ConformanceFailure> {
    CASES.iter().try_for_each(|(name, modulus, digest, signature, valid)| {
        let key = RsaPublicKey::new(modulus).ok_or(CryptoError::Unavailable);
        expect(name, key.and_then(|key| crypto.verify_rsa_pkcs1_sha256(key, digest, signature)), *valid)
    })
}

/// a + b, without what does not fit.
#[allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "evaluated at compile time only"
)]
const fn sum(a: &[u8; 257], b: &[u8; 256]) -> [u8; 256] {
    let mut sum = *b;
    let mut carry = 0;
    let mut index = 256;
    while index > 0 {
        index -= 1;
        carry += a[index + 1] as u16 + b[index] as u16;
        sum[index] = carry as u8;
        carry >>= 8;
    }
    assert!(carry == 0);
    sum
}
