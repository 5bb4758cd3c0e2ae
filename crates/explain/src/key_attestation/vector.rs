//! A JSON vector of a key attestation (`testvectors/android-schema.json`): the chain, what the caller knows about it, and the outcome to
//! expect; with a request, the assertion that the attested key made.

use genuine::{
    UnixTime,
    app_attest::{AttestedKey, Counter, Environment},
    crypto::{GenuineCrypto, P256, PublicKey},
    key_attestation::{Purpose, RevocationStatus, app_id_hash},
};
use serde_json::{Map, Value};

use super::{
    certificate::Seen,
    chain::CertificateChain,
    explain_key_attestation,
    model::KeyAttestationExplanation,
    roots::{KeyAttestationRoots, Root},
    side::{KeyAttestationRequirements, KeyAttestationSide, RevocationList},
};
use crate::{
    caller::{CallerSide, ClientData, LastCounter, StoredKey},
    expected::Expected,
    input::Object,
    model::Decoding,
    text::{from_base64, from_hex, shortened},
};

/// A chain with the caller's side.
#[derive(Clone, Debug)]
pub struct KeyAttestationVector {
    /// The name of it.
    pub id: Option<String>,
    /// One sentence about it.
    pub description: Option<String>,
    /// The chain.
    pub chain: CertificateChain,
    /// What it is held against.
    pub side: KeyAttestationSide,
    /// The outcome to expect: of the request, if there is one, and else of the chain.
    pub expected: Expected,
    /// An assertion that the attested key made, and what that is held against.
    pub request: Option<(Object, CallerSide)>,
    /// Which roots are trusted, of those that the caller gives; all of them if it is empty.
    roots: Vec<Root>,
}

impl KeyAttestationVector {
    /// Whether a JSON object is one.
    pub(crate) fn is_one(members: &Map<String, Value>) -> bool {
        ["certificates_b64", "package_name", "expected"].iter().all(|name| members.contains_key(*name))
    }

    /// Whether a JSON object has several of them.
    pub(crate) fn is_group(members: &Map<String, Value>) -> bool {
        let first = members.get("vectors").and_then(Value::as_array).and_then(|vectors| vectors.first());
        first.and_then(Value::as_object).is_some_and(Self::is_one)
    }

    pub(crate) fn group(members: &Map<String, Value>) -> Result<Vec<Self>, String> {
        let vectors = members.get("vectors").and_then(Value::as_array).ok_or("`vectors` is missing")?;
        let member = |(place, vector): (usize, &Value)| {
            let id = vector.get("id").and_then(Value::as_str).ok_or_else(|| format!("vector {place} has no `id`"))?;
            let members = vector.as_object().ok_or_else(|| format!("vector {place} is not a JSON object"))?;
            Self::of(members).map_err(|reason| format!("{}: {reason}", shortened(id, 60)))
        };
        vectors.iter().enumerate().map(member).collect()
    }

    pub(crate) fn of(members: &Map<String, Value>) -> Result<Self, String> {
        let vector = Fields(members);
        let chain = CertificateChain {
            certificates: vector.octets_of("certificates_b64", from_base64)?,
            decoding: vec![Decoding::Vector, Decoding::Base64],
        };
        let package = vector.text("package_name")?.ok_or("`package_name` is missing")?.to_owned();
        let revoked = vector.serials("revoked", RevocationStatus::Revoked)?;
        let suspended = vector.serials("suspended", RevocationStatus::Suspended)?;
        let challenge = vector.text("challenge")?.ok_or("`challenge` is missing")?;
        let side = KeyAttestationSide {
            challenge: Some(octets("challenge", challenge)?),
            signing_digests: vector.digests("signing_digests")?,
            // The later counts, and revoked is worse.
            revocation: Some(RevocationList::of(suspended.into_iter().chain(revoked))),
            requirements: requirements(members)?,
            at: vector.number("now")?.map(UnixTime),
            package: Some(package),
        };
        let request = members.get("request").map(|request| request.as_object().ok_or("`request` is not a JSON object"));
        let request = request.transpose()?.map(|request| self::request(&Fields(request), &chain, &side)).transpose()?;
        let expected =
            members.get("expected").and_then(Expected::read).ok_or("`expected` is nothing that can be expected")?;
        let root = |text: &str| match text {
            "p384" => Ok(Root::P384),
            "rsa" => Ok(Root::Rsa),
            _ => Err(format!("`anchors`: {text:?} is not p384 or rsa")),
        };
        Ok(Self {
            id: vector.text("id")?.map(str::to_owned),
            description: vector.text("description")?.map(str::to_owned),
            roots: vector.texts("anchors")?.into_iter().map(root).collect::<Result<_, _>>()?,
            chain,
            side,
            expected,
            request,
        })
    }

    /// Explains the chain, under those of the roots that the vector trusts.
    #[must_use]
    pub fn explain(
        &self,
        side: &KeyAttestationSide,
        roots: &KeyAttestationRoots,
        now: UnixTime,
    ) -> KeyAttestationExplanation {
        let roots = if self.roots.is_empty() { roots.clone() } else { roots.only(&self.roots) };
        explain_key_attestation(&self.chain, side, &roots, now)
    }
}

impl KeyAttestationSide {
    /// This side, with what it leaves open taken from another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let is_told = self.requirements != KeyAttestationRequirements::default();
        Self {
            challenge: self.challenge.or(other.challenge),
            package: self.package.or(other.package),
            signing_digests: if self.signing_digests.is_empty() { other.signing_digests } else { self.signing_digests },
            revocation: self.revocation.or(other.revocation),
            requirements: if is_told { self.requirements } else { other.requirements },
            at: self.at.or(other.at),
        }
    }
}

fn requirements(members: &Map<String, Value>) -> Result<KeyAttestationRequirements, String> {
    let none = Map::new();
    let policy = match members.get("policy") {
        None => Fields(&none),
        Some(policy) => Fields(policy.as_object().ok_or("`policy` is not a JSON object")?),
    };
    let known = [
        "require_remote_provisioning",
        "require_strong_box",
        "accept_boot_keys",
        "accept_other_signers",
        "accept_shared_user_id",
        "accept_attest_keys",
        "accept_any_key",
        "require_purposes",
        "require_os_version",
        "require_os_patch_level",
        "require_vendor_patch_level",
        "require_boot_patch_level",
        "refuse_unknown_tags",
        "accept_suspended",
        "danger_ignore_validity_period",
        "danger_accept_unlocked",
    ];
    if let Some(name) = policy.0.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("`policy.{}` is nothing that can be required", shortened(name, 60)));
    }
    let purpose = |text: &str| match text {
        "SIGN" => Ok(Purpose::Sign),
        "VERIFY" => Ok(Purpose::Verify),
        _ => Err(format!("`require_purposes`: {text:?} is not SIGN or VERIFY")),
    };
    let floor = |name: &str| {
        let number = policy.number(name)?;
        number.map(|number| u32::try_from(number).map_err(|_| format!("`{name}` is too large"))).transpose()
    };
    let others = policy
        .0
        .get("accept_other_signers")
        .map(|others| others.as_array().ok_or("`accept_other_signers` is not a list"));
    let digests = |set: &Value| {
        set.as_array()
            .ok_or("`accept_other_signers` is not a list of lists")
            .map_err(str::to_owned)
            .and_then(|set| digests("accept_other_signers", set))
    };
    Ok(KeyAttestationRequirements {
        remote: policy.flag("require_remote_provisioning")?,
        strong_box: policy.flag("require_strong_box")?,
        boot_keys: policy.digests("accept_boot_keys")?,
        other_signers: others.transpose()?.into_iter().flatten().map(digests).collect::<Result<_, _>>()?,
        purposes: policy.texts("require_purposes")?.into_iter().map(purpose).collect::<Result<_, _>>()?,
        accept_unlocked: policy.flag("danger_accept_unlocked")?,
        accept_shared_user_id: policy.flag("accept_shared_user_id")?,
        accept_attest_keys: policy.flag("accept_attest_keys")?,
        accept_any_key: policy.flag("accept_any_key")?,
        accept_suspended: policy.flag("accept_suspended")?,
        refuse_unknown_tags: policy.flag("refuse_unknown_tags")?,
        ignore_validity: policy.flag("danger_ignore_validity_period")?,
        os_version: floor("require_os_version")?,
        os_patch_level: floor("require_os_patch_level")?,
        vendor_patch_level: floor("require_vendor_patch_level")?,
        boot_patch_level: floor("require_boot_patch_level")?,
    })
}

/// The assertion, held against the key of the leaf as a server stored it.
fn request(
    fields: &Fields<'_>,
    chain: &CertificateChain,
    side: &KeyAttestationSide,
) -> Result<(Object, CallerSide), String> {
    let assertion = fields.text("assertion_b64")?.and_then(from_base64).ok_or("`assertion_b64` is not base64")?;
    let hash = fields.text("client_data_hash")?.ok_or("`client_data_hash` is missing")?;
    let counter = fields.number("previous_counter")?.map(u32::try_from).transpose();
    let counter = counter.map_err(|_| "`previous_counter` is too large")?;
    let leaf = chain.certificates.first().and_then(|leaf| Seen::of(leaf));
    let point = leaf.and_then(|leaf| PublicKey::<P256>::from_uncompressed(leaf.key.octets));
    let app = app_id_hash(side.package.as_deref().unwrap_or_default(), &GenuineCrypto).ok();
    let key = point.zip(app).and_then(|(point, app)| {
        AttestedKey::from_trusted_parts(&point, app, Environment::Production, &GenuineCrypto).ok()
    });
    let side = CallerSide {
        client_data: Some(ClientData::of_hash(octets("client_data_hash", hash)?)),
        public_key: key.map(|key| StoredKey(key.to_bytes().to_vec())),
        last_counter: counter.map(|counter| LastCounter::Is(Counter(counter))),
        ..CallerSide::default()
    };
    Ok((Object { bytes: assertion, decoding: vec![Decoding::Vector, Decoding::Base64] }, side))
}

/// Hexadecimal digits, which may be none.
fn octets(name: &str, text: &str) -> Result<Vec<u8>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    from_hex(text).ok_or_else(|| format!("`{name}` is not hexadecimal digits"))
}

fn digests(name: &str, list: &[Value]) -> Result<Vec<[u8; 32]>, String> {
    let digest = |value: &Value| from_hex(value.as_str()?)?.try_into().ok();
    list.iter().map(digest).collect::<Option<_>>().ok_or_else(|| format!("`{name}` holds what is no SHA-256"))
}

/// The members of an object, read with a reason where one is not of its form.
struct Fields<'v>(&'v Map<String, Value>);

impl<'v> Fields<'v> {
    fn text(&self, name: &str) -> Result<Option<&'v str>, String> {
        self.0.get(name).map(|value| value.as_str().ok_or_else(|| format!("`{name}` is not text"))).transpose()
    }

    fn number(&self, name: &str) -> Result<Option<u64>, String> {
        self.0.get(name).map(|value| value.as_u64().ok_or_else(|| format!("`{name}` is not a number"))).transpose()
    }

    fn flag(&self, name: &str) -> Result<bool, String> {
        let flag = |value: &Value| value.as_bool().ok_or_else(|| format!("`{name}` is neither true nor false"));
        self.0.get(name).map_or(Ok(false), flag)
    }

    fn texts(&self, name: &str) -> Result<Vec<&'v str>, String> {
        let Some(value) = self.0.get(name) else { return Ok(Vec::new()) };
        let items = value.as_array().and_then(|items| items.iter().map(Value::as_str).collect());
        items.ok_or_else(|| format!("`{name}` is not a list of texts"))
    }

    fn octets_of(&self, name: &str, read: fn(&str) -> Option<Vec<u8>>) -> Result<Vec<Vec<u8>>, String> {
        let items = self.texts(name)?.into_iter().map(read).collect::<Option<_>>();
        items.ok_or_else(|| format!("`{name}` holds what cannot be decoded"))
    }

    fn digests(&self, name: &str) -> Result<Vec<[u8; 32]>, String> {
        let Some(value) = self.0.get(name) else { return Ok(Vec::new()) };
        digests(name, value.as_array().ok_or_else(|| format!("`{name}` is not a list"))?)
    }

    fn serials(&self, name: &str, status: RevocationStatus) -> Result<Vec<(String, RevocationStatus)>, String> {
        Ok(self.texts(name)?.into_iter().map(|serial| (serial.to_owned(), status)).collect())
    }
}
