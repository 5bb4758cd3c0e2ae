//! Whatever is put in: no panic, no acceptance of what was changed, JSON that reads back.

use genuine::{UnixMillis, UnixTime};
use genuine_explain::{
    CallerSide, CertificateChain, Input, KeyAttestationRoots, KeyAttestationSide, Kind, Object, Outcome, PlaySide,
    TokenSide, explain, explain_key_attestation, explain_token,
};
use genuine_testvectors::{
    Device, Generation,
    android::{AndroidDevice, Shape},
};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::{
    key_attestation, mint,
    support::{CHALLENGE, CLIENT_DATA, anchors, assertion_side, attestation_side, base64, object},
    token,
};

/// Objects of every generation, with the whole caller's side.
fn objects() -> impl Strategy<Value = (Kind, Vec<u8>, CallerSide)> {
    (prop::sample::select(Generation::ALL.to_vec()), any::<bool>()).prop_map(|(generation, attests)| {
        let mut device = Device::new("properties").with_generation(generation);
        if attests {
            (Kind::Attestation, device.attest(CHALLENGE).object, attestation_side(&device))
        } else {
            (Kind::Assertion, device.assert(CLIENT_DATA).object, assertion_side(&device))
        }
    })
}

fn chain_roots() -> KeyAttestationRoots {
    key_attestation::roots(AndroidDevice::new("properties").authorities())
}

/// Of challenge, package, signers and revocation list those that are told.
fn chain_side(device: &AndroidDevice, [challenge, package, digests, revocation]: [bool; 4]) -> KeyAttestationSide {
    let side = key_attestation::side(device);
    KeyAttestationSide {
        challenge: challenge.then(|| CHALLENGE.to_vec()),
        package: side.package.filter(|_| package),
        signing_digests: if digests { side.signing_digests } else { Vec::new() },
        revocation: side.revocation.filter(|_| revocation),
        ..side
    }
}

/// One change of some bytes: replaced, taken out or put in.
fn changed(bytes: &[u8], changes: &[(Index, u8, u8)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (index, how, value) in changes {
        if bytes.is_empty() {
            break;
        }
        let position = index.index(bytes.len());
        match how % 4 {
            0 => bytes[position] = *value,
            1 => bytes.insert(position, *value),
            2 => drop(bytes.remove(position)),
            _ => bytes.truncate(position),
        }
    }
    bytes
}

/// All that can be asked of an explanation of anything.
fn check(object: &Object, kind: Option<Kind>, side: &CallerSide) -> Outcome {
    let explanation = explain(object, kind, side, &anchors(), UnixTime(1_790_812_800));
    assert!(!explanation.diagnosis.sentence.is_empty());
    let json = serde_json::to_string(&explanation).expect("serialises");
    let value: serde_json::Value = serde_json::from_str(&json).expect("reads back");
    assert_eq!(value["code"].as_u64(), explanation.verdict.code.map(u64::from));
    explanation.verdict.verdict
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn changed_objects_are_explained(
        (kind, bytes, side) in objects(),
        changes in vec((any::<Index>(), any::<u8>(), any::<u8>()), 1..4),
        told in any::<[bool; 4]>(),
    ) {
        let changed = changed(&bytes, &changes);
        let [app_id, key_id, client_data, as_other] = told;
        let side = CallerSide {
            app_id: side.app_id.filter(|_| app_id),
            key_id: side.key_id.filter(|_| key_id),
            client_data: side.client_data.filter(|_| client_data),
            ..side
        };
        let kind = if as_other { None } else { Some(kind) };
        let outcome = check(&object(changed), kind, &side);
        // The receipt alone may be changed and the rest accepted; an incomplete side never is.
        prop_assert!(outcome != Outcome::Accepted || (app_id && client_data));
    }

    #[test]
    fn any_input_is_explained(input in prop_oneof![vec(any::<u8>(), 0..400), ".{0,200}".prop_map(String::into_bytes)]) {
        match Input::read(&input) {
            Ok(Input::Object(object)) => {
                let outcome = check(&object, None, &CallerSide::default());
                prop_assert_eq!(outcome, Outcome::Refused);
            }
            Ok(_) => prop_assert!(false, "not by chance"),
            Err(unreadable) => prop_assert!(!unreadable.to_string().is_empty()),
        }
    }

    /// A token, or its payload, with any bytes of it replaced.
    #[test]
    fn changed_tokens_are_explained(
        decoded in any::<bool>(),
        has_keys in any::<bool>(),
        changes in vec((any::<Index>(), any::<u8>(), prop_oneof![any::<u8>(), b' '..=b'~']), 0..4),
    ) {
        let (payload, keys) = (mint::payload(), mint::Keys::new(1));
        let text = if decoded { payload.to_string() } else { keys.token(&payload) };
        let input = changed(text.as_bytes(), &changes);
        let play = PlaySide { keys: Vec::new(), ..token::side() };
        let side = TokenSide { play: if has_keys { token::side() } else { play }, ..TokenSide::default() };
        if let Ok(Input::Token(read)) = Input::read(&input) {
            let explanation = explain_token(&read, None, &side, UnixMillis(1));
            let is_accepted = explanation.verdict.verdict == Outcome::Accepted;
            prop_assert!(!is_accepted || decoded || (has_keys && read.text == text.as_bytes()));
            prop_assert!(explanation.diagnosis.sentence.ends_with('.'));
        }
    }

    #[test]
    fn changed_text_is_explained(
        (_, bytes, side) in objects(),
        changes in vec((any::<Index>(), any::<u8>(), any::<u8>()), 0..4),
    ) {
        let text = changed(base64(&bytes).as_bytes(), &changes);
        if let Ok(Input::Object(object)) = Input::read(&text) {
            check(&object, None, &side);
        }
    }

    /// Certificates of a chain with any bytes of them replaced, taken out or put in, and the whole as text likewise.
    #[test]
    fn changed_chains_are_explained(
        shape in prop::sample::select(Shape::ALL.to_vec()),
        changes in vec((any::<Index>(), vec((any::<Index>(), any::<u8>(), any::<u8>()), 1..3)), 0..3),
        tells in any::<[bool; 4]>(),
    ) {
        let device = AndroidDevice::new("properties").with_shape(shape);
        let original = device.attest(CHALLENGE).certificates;
        let mut certificates = original.clone();
        for (which, changes) in &changes {
            let certificate = which.get(&certificates).clone();
            let place = which.index(certificates.len());
            certificates[place] = changed(&certificate, changes);
        }
        let side = chain_side(&device, tells);
        let explanation = explain_key_attestation(&CertificateChain::new(certificates.clone()), &side, &chain_roots(), UnixTime(1));
        let is_accepted = explanation.verdict.verdict == Outcome::Accepted;
        // Of a root nothing but name and key counts.
        let below = original.len() - 1;
        prop_assert!(!is_accepted || (tells == [true; 4] && certificates[..below] == original[..below]));
        prop_assert!(explanation.diagnosis.sentence.ends_with('.'));
        prop_assert_eq!(explanation.chain.certificates.len(), original.len());
        let json = serde_json::to_string(&explanation).expect("serialises");
        let _: serde_json::Value = serde_json::from_str(&json).expect("reads back");
        let _ = explanation.key_description.map(|description| description.rows());

        let text = changed(device.attest(CHALLENGE).pem().as_bytes(), &changes.iter().flat_map(|(_, changes)| changes.clone()).collect::<Vec<_>>());
        if let Ok(Input::Chain(chain)) = Input::read(&text) {
            let explanation = explain_key_attestation(&chain, &side, &chain_roots(), UnixTime(1));
            prop_assert!(!explanation.chain.drawing().is_empty());
        }
    }

    /// Text of the caller's side that is none of what it should be.
    #[test]
    fn any_side_is_taken((kind, bytes, side) in objects(), app_id in ".{0,60}", key_id in ".{0,60}", data in vec(any::<u8>(), 0..60)) {
        let side = CallerSide {
            app_id: Some(app_id),
            key_id: Some(key_id),
            client_data: Some(genuine_explain::ClientData { hash: data.clone(), data: Some(data) }),
            ..side
        };
        prop_assert_ne!(check(&object(bytes), Some(kind), &side), Outcome::Accepted);
    }
}
