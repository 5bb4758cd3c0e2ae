//! What an object says of itself.

use genuine::{
    app_attest::{AppIdHash, AuthenticatorData, Environment, KeyId, MACOS_ACCESS_CONTROL},
    crypto::{P256, PublicKey, RustCrypto},
};

use crate::{
    assertion::Asserted,
    attestation::Attested,
    ber::{Elements, OCTET_STRING, SEQUENCE, context},
    compared::distribution,
    model::{Facts, LaunchFacts, environment_name},
    names::certificate,
    outline::Outline,
    receipt,
    text::{base64, hex},
};

/// 1.2.840.113635.100.8.6.
const ACCESS_CONTROL: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x08, 0x06];

pub(crate) fn of_attestation(of: &Attested<'_>, outline: &Outline) -> Facts {
    let object = of.object;
    let leaf_app_id = object.unverified_app_id().map(str::to_owned);
    let device = object.device();
    let access_control = object.leaf().extension(ACCESS_CONTROL).and_then(access_control);
    let is_mac = device.platform.is_some_and(|platform| platform.name() == "macosx");
    Facts {
        app_id: told_or_named(object.auth_data(), of.side.app_id.as_deref(), leaf_app_id.as_deref()),
        leaf_app_id,
        environment: match &object.credential().aaguid() {
            b"appattest\0\0\0\0\0\0\0" => Some(environment_name(Environment::Production)),
            b"appattestdevelop" => Some(environment_name(Environment::Development)),
            _ => None,
        },
        platform: device.platform.map(|platform| platform.name().to_owned()),
        os_version: device.os_version.map(str::to_owned),
        os_build: device.os_build.map(str::to_owned),
        leaf: Some(certificate(object.leaf())),
        intermediate: Some(certificate(object.intermediate())),
        access_control_hex: access_control.map(hex),
        access_control_documented: access_control.filter(|_| is_mac).map(|list| list == MACOS_ACCESS_CONTROL),
        receipt: Some(receipt::facts(
            object.receipt().as_unverified_bytes(),
            outline.certificates.first().map(Vec::as_slice),
        )),
        ..common(object.auth_data(), Some(object.leaf_key()))
    }
}

pub(crate) fn of_assertion(of: &Asserted<'_>) -> Facts {
    let auth_data = of.assertion.auth_data();
    Facts { app_id: told_or_named(auth_data, of.side.app_id.as_deref(), None), ..common(auth_data, of.point()) }
}

fn common(auth_data: &AuthenticatorData<'_>, key: Option<PublicKey<P256>>) -> Facts {
    let key_id = key.and_then(|key| KeyId::of(&key, &RustCrypto).ok());
    Facts {
        rp_id_hash_hex: hex(&auth_data.app_id().0),
        key_id_b64: key_id.map(|id| base64(&id.0)),
        key_id_hex: key_id.map(|id| hex(&id.0)),
        public_key_b64: key.map(|key| base64(&[&[4][..], &key.0].concat())),
        counter: auth_data.counter().0,
        flags: auth_data.flags(),
        launch: launch(auth_data),
        ..Facts::default()
    }
}

/// The content of `SEQUENCE { [3] { OCTET STRING } }`.
fn access_control(value: &[u8]) -> Option<&[u8]> {
    Elements::of(value).enter(SEQUENCE)?.enter(context(3))?.expect(OCTET_STRING).map(|element| element.value)
}

/// Whichever has the hash in the authenticator data.
fn told_or_named(auth_data: &AuthenticatorData<'_>, told: Option<&str>, named: Option<&str>) -> Option<String> {
    let fits = |app_id: &&str| AppIdHash::of(app_id, &RustCrypto) == Ok(auth_data.app_id());
    told.filter(fits).or_else(|| named.filter(fits)).map(str::to_owned)
}

fn launch(auth_data: &AuthenticatorData<'_>) -> Option<LaunchFacts> {
    let launch = auth_data.launch_even_if_unannounced();
    (launch != genuine::app_attest::LaunchData::default()).then(|| LaunchFacts {
        announced: launch == auth_data.launch(),
        category: launch.category.map(|category| category.0),
        category_name: launch.category.map(distribution),
        bundle_version: launch.bundle_version.map(str::to_owned),
        code_hash_hex: launch.code_hash.map(hex),
        code_hash_type: launch.code_hash_type,
    })
}
