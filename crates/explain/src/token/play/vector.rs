//! The vectors of `testvectors/play-schema.json`: a token, what an operator configures, and the verdict.

use genuine::{
    Error, UnixMillis,
    play_integrity::{AccountActivity, AppDetected, DeviceActivity, DeviceLabel, Licensing, LocationRisk, PlayProtect},
};
use serde_json::{Map, Value};

use super::{
    requirements::PlayRequirements,
    side::{PlayBinding, PlayKeys, PlaySide, Secret, certificate_digest},
};
use crate::{
    expected::Expected,
    model::Decoding,
    text::{from_hex, shortened},
    token::{
        Token, TokenKind, TokenSide,
        vector::{Members, TokenVector},
    },
};

/// The labels of a list by their text. What the engine keeps as `Other`, no policy accepts.
macro_rules! labels {
    ($($name:ident: $label:ident { $($variant:ident)+ })+) => {$(
        fn $name(policy: &Members<'_>, name: &str) -> Result<Option<Vec<$label<'static>>>, String> {
            let known = [$( $label::$variant ),+];
            if policy.value(name).is_none() {
                return Ok(None);
            }
            let find = |text: &str| {
                let label = known.iter().find(|label| label.to_string() == text);
                label.copied().ok_or_else(|| format!("`policy.{name}`: {:?} is no label", shortened(text, 60)))
            };
            policy.texts(name)?.into_iter().map(find).collect::<Result<_, _>>().map(Some)
        }
    )+};
}

labels! {
    devices: DeviceLabel { MeetsBasicIntegrity MeetsDeviceIntegrity MeetsStrongIntegrity MeetsVirtualIntegrity Unknown }
    licences: Licensing { Licensed Unlicensed Unevaluated Unknown }
    protects: PlayProtect { NoIssues NoData PossibleRisk MediumRisk HighRisk Unevaluated }
    apps: AppDetected {
        KnownInstalled KnownCapturing KnownOverlays KnownControlling
        UnknownInstalled UnknownCapturing UnknownOverlays UnknownControlling
    }
    risks: LocationRisk { LowDevice HighDevice LowNetwork HighNetwork }
    activities: DeviceActivity { Level1 Level2 Level3 Level4 }
    accounts: AccountActivity { Unusual Unknown TypicalBasic TypicalStrong }
}

/// The members of a policy. One whose name is misspelt would not be asked, and what it is to refuse would pass.
const POLICY: [&str; 13] = [
    "limit_age",
    "limit_skew",
    "accept_devices",
    "accept_licensing",
    "accept_unrecognized_versions",
    "accept_test_responses",
    "require_version",
    "require_sdk_version",
    "require_play_protect",
    "refuse_apps_detected",
    "refuse_location_risks",
    "require_device_activity",
    "require_account_activity",
];

/// Reads one. A token of a standard request is for Google's server to open, so that its payload is verified in its place.
pub(crate) fn read(members: &Map<String, Value>) -> Result<TokenVector, String> {
    let vector = Members(members);
    let expected = vector.value("expected").ok_or("`expected` is missing")?;
    let mut expected =
        Expected::read(expected).ok_or_else(|| format!("expected is {expected}: not `pass` or an error"))?;
    let (kind, mut token) = match vector.text("request")? {
        Some("classic") => {
            let text = vector.text("token")?.ok_or("`token` is missing")?;
            (TokenKind::PlayToken, Token::compact(text, Vec::new()))
        }
        Some("standard") => {
            // The cap is that of an answer there, which has a number of its own.
            if expected == Expected::Exactly(Error::PlayPayloadTooLarge) {
                expected = Expected::Exactly(Error::PlayTooLarge);
            }
            let payload = vector.text("payload")?.ok_or("`payload` is missing")?;
            (TokenKind::PlayPayload, Token::payload(payload))
        }
        _ => return Err("`request` is neither \"classic\" nor \"standard\"".to_owned()),
    };
    token.decoding = vec![Decoding::Vector];
    Ok(TokenVector {
        id: vector.text("id")?.map(str::to_owned),
        description: vector.text("description")?.map(str::to_owned),
        kind,
        token,
        side: TokenSide { play: side(&vector)?, ..TokenSide::default() },
        expected,
    })
}

fn side(vector: &Members<'_>) -> Result<PlaySide, String> {
    let no_policy = Map::new();
    let policy = match vector.value("policy") {
        None => Members(&no_policy),
        Some(policy) => Members(policy.as_object().ok_or("`policy` is not a JSON object")?),
    };
    if let Some(unknown) = policy.0.keys().find(|name| !POLICY.contains(&name.as_str())) {
        return Err(format!("`policy.{}` is nothing that a policy says", shortened(unknown, 40)));
    }
    let pairs = vector.value("keys").map_or(Some([].as_slice()), |keys| keys.as_array().map(Vec::as_slice));
    let pair = |pair: &Value| {
        let pair = Members(pair.as_object().ok_or("`keys` is not a list of pairs")?);
        let decryption = pair.text("decryption_key_b64")?.map(Secret::new);
        let verification = pair.text("verification_key_b64")?.map(str::to_owned);
        Ok::<_, String>(PlayKeys { decryption, verification })
    };
    let certificates = vector.texts("certificates")?.into_iter().map(certificate_digest);
    let nonce = vector.text("nonce")?.map(|text| from_hex(text).ok_or("`nonce` is not hexadecimal digits"));
    let hash = vector.text("request_hash")?.map(|hash| PlayBinding::RequestHash(hash.to_owned()));
    Ok(PlaySide {
        keys: pairs.ok_or("`keys` is not a list")?.iter().map(pair).collect::<Result<_, _>>()?,
        package: vector.text("package_name")?.map(str::to_owned),
        certificates: certificates.collect::<Result<_, _>>().map_err(|fault| format!("`certificates`: {fault}"))?,
        binding: nonce.transpose()?.map(PlayBinding::Nonce).or(hash),
        at: vector.number("now")?.map(UnixMillis),
        max_age: policy.number("limit_age")?,
        max_skew: policy.number("limit_skew")?,
        devices: Vec::new(),
        accept_test_responses: policy.flag("accept_test_responses")?,
        requirements: PlayRequirements {
            accept_devices: devices(&policy, "accept_devices")?,
            accept_licensing: licences(&policy, "accept_licensing")?,
            accept_unrecognized_versions: policy.flag("accept_unrecognized_versions")?,
            require_version: policy.integer("require_version")?,
            require_sdk_version: policy.integer("require_sdk_version")?,
            require_play_protect: protects(&policy, "require_play_protect")?,
            refuse_apps_detected: apps(&policy, "refuse_apps_detected")?,
            refuse_location_risks: risks(&policy, "refuse_location_risks")?,
            require_device_activity: activities(&policy, "require_device_activity")?,
            require_account_activity: accounts(&policy, "require_account_activity")?,
        },
    })
}
