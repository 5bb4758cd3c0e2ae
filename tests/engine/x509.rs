//! The certificate view on chains of other protocols: it reads what X.509 allows, and each protocol demands the rest.

use std::{collections::BTreeSet, env, fs, path::Path};

use genuine::x509::{Certificate, SubjectKey, X509Error};
use x509_cert::der::{Decode as _, Encode as _};

/// Certificates of phones that may not pass, each with the reason.
const REFUSED: [(&str, usize, X509Error); 0] = [];

/// Genuine and synthetic chains of Android's key attestation, beside the objects of App Attest.
fn chains() -> Option<Vec<(String, Vec<Vec<u8>>)>> {
    let Some(directory) = env::var_os("GENUINE_REAL_VECTORS") else {
        println!("skipped: GENUINE_REAL_VECTORS is not set");
        return None;
    };
    let directory = Path::new(&directory).join("../android-key-attestation");
    let mut chains: Vec<_> = fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pem"))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let certificates = x509_cert::Certificate::load_pem_chain(text.as_bytes()).unwrap();
            let der = certificates.iter().map(|certificate| certificate.to_der().unwrap()).collect();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), der)
        })
        .collect();
    chains.sort();
    assert!(chains.len() >= 17, "{} chains", chains.len());
    Some(chains)
}

#[test]
fn chains_of_phones_are_read() {
    let Some(chains) = chains() else { return };
    let (mut keys, mut refused) = (BTreeSet::new(), 0);
    for (name, certificates) in &chains {
        for (position, der) in certificates.iter().enumerate() {
            let listed = REFUSED.iter().find(|(chain, at, _)| chain == name && *at == position);
            let view = match (Certificate::parse(der), listed) {
                (Ok(view), None) => view,
                (Err(error), Some((.., expected))) => {
                    assert_eq!(error, *expected, "{name}, certificate {position}");
                    refused += 1;
                    continue;
                }
                (found, _) => panic!("{name}, certificate {position}: {:?}", found.err()),
            };
            let oracle = x509_cert::Certificate::from_der(der).unwrap();
            let tbs = oracle.tbs_certificate();
            assert_eq!(view.tbs(), tbs.to_der().unwrap(), "{name}");
            assert_eq!(view.issuer(), tbs.issuer().to_der().unwrap(), "{name}");
            assert_eq!(view.subject(), tbs.subject().to_der().unwrap(), "{name}");
            assert_eq!(view.serial(), tbs.serial_number().as_bytes(), "{name}");
            assert_eq!(view.signature(), oracle.signature().raw_bytes(), "{name}");
            assert_eq!(view.signature_algorithm().id(), oracle.signature_algorithm().oid.as_bytes(), "{name}");
            let validity = tbs.validity();
            assert_eq!(view.validity().not_before.0, validity.not_before.to_unix_duration().as_secs(), "{name}");
            assert_eq!(view.validity().not_after.0, validity.not_after.to_unix_duration().as_secs(), "{name}");
            let key = tbs.subject_public_key_info().subject_public_key.raw_bytes();
            match view.key() {
                SubjectKey::P256(point) => assert_eq!([&[4], &point[..]].concat(), key, "{name}"),
                SubjectKey::P384(point) => assert_eq!([&[4], &point[..]].concat(), key, "{name}"),
                SubjectKey::Other { algorithm, key: other } => {
                    assert_eq!(other, key, "{name}");
                    let oid = tbs.subject_public_key_info().algorithm.oid;
                    assert_eq!(algorithm.id(), oid.as_bytes(), "{name}");
                    keys.insert(oid.to_string());
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(refused, REFUSED.len(), "what is listed as refused is refused");
    // RSA keys and, on the newest phones, a key of ML-DSA-65.
    assert_eq!(keys.into_iter().collect::<Vec<_>>(), ["1.2.840.113549.1.1.1", "2.16.840.1.101.3.4.3.18"]);
}
