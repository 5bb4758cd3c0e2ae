//! Payloads of Google Play Integrity: what they say, by a reader over `serde_json`, and what a model of the policy makes of it.

use genuine::{
    crypto::RustCrypto,
    play_integrity::{DecodedVerifier, Payload, SingleUse},
};
use genuine_testvectors::keys::sha256;

use crate::{
    codes,
    play::{CERTIFICATES, Demands, MADE, NONCES, Said, compare, honest},
};

/// The text of a standard token, of which the hash counts alone.
const TOKEN: &[u8] = b"e30.AA.-_8.AA.AA";

/// What the caller demands (2 bytes), and a text of JSON: as the payload of a token, and as what Google's server answers.
///
/// Read ⇔ the model reads it, and the same values; refused ⇒ for the first fault in the text. The verdict is the one that the
/// model comes to, and so is the dialog.
pub fn run(data: &[u8]) {
    let Some((demands, text)) = data.split_first_chunk() else { return };
    let demands = Demands(u16::from_le_bytes(*demands));

    let ours = Payload::parse(text);
    codes::record(&ours);
    compare(&ours, &Said::in_payload(text));

    let ours = Payload::parse_answer(text);
    codes::record(&ours);
    let model = Said::in_answer(text);
    compare(&ours, &model);

    let policy = demands.policy();
    let verifier = DecodedVerifier::new(&policy, &RustCrypto).expect("a good configuration");
    let answer = verifier.trust_answer(text, TOKEN);
    let too_large = genuine::Error::PlayTooLarge;
    let (Ok(answer), Ok(said)) = (&answer, &model) else {
        let codes = [answer.err(), ours.err()];
        assert!(codes[0] == codes[1] || codes[0] == Some(too_large) && text.len() > 8192, "{codes:?}");
        return codes::record(&answer);
    };
    assert_eq!(Said::of(answer.unaccepted_payload()), *said);
    assert_eq!(answer.remediation(), said.dialog());

    let verdict = answer.accept(demands.binding(), demands.now());
    codes::record(&verdict);
    assert_eq!(verdict.as_ref().map(|proof| proof.timestamp()), demands.judge(said).as_ref().copied());
    if let Ok(proof) = verdict {
        assert_eq!(Said::of(proof.payload()), *said);
        assert_eq!((proof.remediation(), proof.key_index()), (said.dialog(), None));
        let once = demands.nonce().map_or_else(|| SingleUse::Token(sha256(&[TOKEN])), SingleUse::Nonce);
        assert_eq!(proof.single_use(), once);
    }
}

/// The honest payload under each option, and with one place changed: each check at its border, each fault of JSON.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let honest = honest();
    let seed = |demands: u16, text: &str| [&demands.to_le_bytes(), text.as_bytes()].concat();
    let changed = |demands: u16, from: &str, to: &str| {
        assert!(honest.contains(from), "{from}");
        seed(demands, &honest.replacen(from, to, 1))
    };
    let mut seeds = vec![seed(0, "{}"), seed(0, "[]"), seed(0, ""), seed(0, "{\"a\":1"), seed(0, "{} {}")];
    seeds.push(seed(0, &format!(" {{\"kind\":0,\"tokenPayloadExternal\" :\t{honest}}}\n")));
    seeds.push(seed(0, &format!("{{\"tokenPayloadExternal\":null,{}", &honest[1..])));
    seeds.push(seed(0, &format!("{}{}", honest, " ".repeat(8193 - honest.len()))));
    seeds.extend((0..16).map(|option| seed(1 << option, &honest)));
    for (demands, from, to) in changes() {
        seeds.push(changed(demands, from, &to));
    }
    seeds.extend(faults().map(|fault| changed(0, "\"accountDetails\"", &format!("{fault},\"accountDetails\""))));
    // Every member twice, and every value that is none of its type; a phone that nobody evaluated.
    for (start, _) in honest.match_indices("\":") {
        let name = honest[..start].rfind('"').expect("a name");
        let (before, member) = (&honest[..name], &honest[name..]);
        seeds.push(seed(0, &format!("{before}{}null,{member}", &honest[name..start + 2])));
        seeds.push(seed(0, &format!("{before}{}[],\"z{}", &honest[name..start + 2], &member[1..])));
    }
    seeds.push(seed(Demands::APPS | Demands::LICENCES, &unevaluated()));
    seeds
}

/// What is demanded, a text of the honest payload, and what stands in its place.
fn changes() -> Vec<(u16, &'static str, String)> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    let encode = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
    let made = "1790000000000";
    let mut changes: Vec<(u16, &str, String)> = [-299_000, -299_001, 61_000, 61_001, i64::MAX - MADE, -MADE, -MADE - 1]
        .into_iter()
        .map(|later| (0, made, (MADE + later).to_string()))
        .collect();
    changes.push((Demands::LIMITS, made, (MADE - 1).to_string()));
    changes.push((Demands::LIMITS, made, (MADE + 1001).to_string()));
    changes.push((Demands::FIRST_SECOND, "\"1790000000000\"", "0".into()));
    changes.push((Demands::LONG_NONCE, "_v7-_v7-_v7-_v7-_v7-_g==", encode(NONCES[1])));
    changes.push((Demands::LONG_NONCE, "_v7-_v7-_v7-_v7-_v7-_g==", encode(&[NONCES[1], b"and more"].concat())));
    changes.push((Demands::LONG_NONCE, "_v7-_v7-_v7-_v7-_v7-_g==", encode(&NONCES[1][..21])));
    for nonce in [
        "_v7-_v7-_v7-_v7-_v7-_g",
        "_v7-_v7-_v7-_v7-_v7-_g=",
        "_v7-_v7-_v7-_v7-_v7-_g\\u003d\\u003D",
        "/v7+_v7-_v7-_v7-_v7-_g",
    ] {
        changes.push((0, "_v7-_v7-_v7-_v7-_v7-_g==", nonce.into()));
    }
    changes.push((0, "_v7-_v7-_v7-_v7-_v7-_g==", "_v7-_v7-_v7-_v7-_v7-_h==".into()));
    changes.push((0, "_v7-_v7-_v7-_v7-_v7-_g==", "_v7-_v7-_v7-_v7-_v7-_v7-".into()));
    changes.push((0, &"-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s\""[1..], "\"".into()));
    changes.push((
        0,
        "\"versionCode\":\"42\"",
        format!("\"certificateSha256Digest\":[],\"versionCode\":\"{}\"", encode(&CERTIFICATES[0])),
    ));
    for version in ["\"41\"", "43", "null", "9223372036854775808", "\"-0\"", "\"042\"", "4.2e1", "\"\\u0034\\u0032\""] {
        changes.push((Demands::VERSION, "\"42\"", version.into()));
    }
    for sdk in ["32", "33", "null"] {
        changes.push((Demands::SDK, "36", sdk.into()));
    }
    for (demands, from, to) in [
        (0, "com.example.shop", "com.example.shopping"),
        (0, "\"packageName\":\"com.example.shop", "\"packageName\":\"com.example.sho\\u0070s"),
        (0, "\"packageName\":\"com.example.shop", "\"packageName\":\"com.example.sho\\u0070"),
        (0, "PLAY_RECOGNIZED", "UNEVALUATED"),
        (0, "PLAY_RECOGNIZED", "UNRECOGNIZED_VERSION"),
        (0, "PLAY_RECOGNIZED", "NOT_PLAY_RECOGNIZED"),
        (Demands::UNRECOGNIZED, "PLAY_RECOGNIZED", "UNRECOGNIZED_VERSION"),
        (0, "\"MEETS_DEVICE_INTEGRITY\",\"MEETS_STRONG_INTEGRITY\"", "\"MEETS_DEVICE_INTEGRITY_NOT\""),
        (0, ",\"MEETS_STRONG_INTEGRITY\"", ""),
        (Demands::DEVICES, ",\"MEETS_STRONG_INTEGRITY\"", ",\"MEETS_VIRTUAL_INTEGRITY\""),
        (0, "\"LICENSED\"", "\"UNLICENSED\""),
        (0, "\"LICENSED\"", "\"UNEVALUATED\""),
        (Demands::LICENCES, "\"LICENSED\"", "\"UNLICENSED\""),
        (Demands::LICENCES, "\"LICENSED\"", "\"UNEVALUATED\""),
        (Demands::PLAY_PROTECT, "NO_ISSUES", "NO_DATA"),
        (Demands::PLAY_PROTECT, "NO_ISSUES", "POSSIBLE_RISK"),
        (Demands::PLAY_PROTECT, "\"NO_ISSUES\"", "null"),
        (Demands::APPS, "KNOWN_INSTALLED", "UNKNOWN_CAPTURING"),
        (Demands::APPS, "\"UNKNOWN_INSTALLED", "\"KNOWN_CONTROLLING"),
        (Demands::APPS, "\"KNOWN_INSTALLED\",\"UNKNOWN_INSTALLED\"", ""),
        (Demands::APPS, "appAccessRiskVerdict", "appAccessRisk"),
        (Demands::DEVICE_ACTIVITY, "LEVEL_1", "LEVEL_2"),
        (Demands::DEVICE_ACTIVITY, "LEVEL_1", "LEVEL_3"),
        (Demands::LOCATION_RISKS, "LOW_RISK_NETWORK", "HIGH_RISK_DEVICE"),
        (Demands::LOCATION_RISKS, "locationSpoofing", "spoofing"),
        (Demands::ACCOUNT_ACTIVITY, "TYPICAL_BASIC", "UNUSUAL"),
        (Demands::REQUEST_HASH, "hash of", "Hash of"),
        (Demands::REQUEST_HASH, "requestHash", "nonceHash"),
        (0, "\"nonce\"", "\"requestNonce\""),
        (0, "\"isTestingResponse\":false", "\"isTestingResponse\":true"),
        (Demands::TEST_RESPONSES, "\"isTestingResponse\":false", "\"isTestingResponse\":true"),
        (0, "requestPackageName", "package"),
    ] {
        changes.push((demands, from, to.into()));
    }
    changes
}

/// Members that are passed over, or not: numbers, escapes, what stands raw in a string, and the caps from both sides.
fn faults() -> impl Iterator<Item = String> {
    let values = [
        "1e999",
        "-0.0E-12",
        "01",
        "1.",
        "+1",
        "tru",
        "\"\\uD83D\\uDE00\"",
        "\"\\uD83D\"",
        "\"\\uDE00\\uD83D\"",
        "\"\\uD83D\\u0041\"",
        "\"\u{1}\"",
        "\"\u{7f}\u{2028}\"",
        "\"\\x\"",
        "[1,]",
        "[1 2]",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"a\":{\"b\":1,\"c\":2,\"b\":3}}",
        "{\"a\":1,\"A\":1}",
        "\u{a0}1",
        "/**/1",
    ];
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let wide = |length: usize| format!("[{}]", vec!["0"; length].join(","));
    let members = |length: usize| {
        format!("{{{}}}", (0..length).map(|name| format!("\"{name}\":0")).collect::<Vec<_>>().join(","))
    };
    let caps = [deep(8), deep(9), wide(32), wide(33), members(32), members(33)];
    values.into_iter().map(str::to_owned).chain(caps).map(|value| format!("\"other\":{value}"))
}

/// What phones send that Google does not evaluate.
fn unevaluated() -> String {
    let honest = honest();
    let request = &honest[..honest.find(",\"appIntegrity\"").expect("it is there")];
    format!(
        r#"{request},"appIntegrity":{{"appRecognitionVerdict":"UNEVALUATED"}},"deviceIntegrity":{{"recentDeviceActivity":{{"deviceActivityLevel":"UNEVALUATED"}},"deviceAttributes":{{}}}},"accountDetails":{{"appLicensingVerdict":"UNEVALUATED"}},"environmentDetails":{{"appAccessRiskVerdict":{{}}}}}}"#
    )
}
