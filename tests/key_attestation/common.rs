//! Chains of real phones, and a policy made of what a chain itself says.

use std::{env, fs, path::Path};

use genuine::key_attestation::{AttestationApplicationId, KeyDescription};
use x509_cert::der::Encode as _;

/// A chain: file name without its ending, and the certificates in DER, leaf first.
pub(crate) struct Chain {
    pub(crate) name: String,
    pub(crate) certificates: Vec<Vec<u8>>,
}

impl Chain {
    pub(crate) fn slices(&self) -> Vec<&[u8]> {
        self.certificates.iter().map(Vec::as_slice).collect()
    }
}

/// Those that lie beside the objects of App Attest, or none where `GENUINE_REAL_VECTORS` is not set.
pub(crate) fn phones() -> Vec<Chain> {
    let Some(directory) = env::var_os("GENUINE_REAL_VECTORS") else {
        println!("skipped: GENUINE_REAL_VECTORS is not set");
        return Vec::new();
    };
    let directory = Path::new(&directory).join("../android-key-attestation");
    let mut chains: Vec<_> = fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pem"))
        .map(|path| {
            let text = fs::read(&path).unwrap();
            let certificates = x509_cert::Certificate::load_pem_chain(&text).unwrap();
            let certificates = certificates.iter().map(|certificate| certificate.to_der().unwrap()).collect();
            Chain { name: path.file_stem().unwrap().to_str().unwrap().to_owned(), certificates }
        })
        .collect();
    chains.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(chains.len() >= 17, "{} chains", chains.len());
    chains
}

/// The package that a description names first, and the digests of its signers.
pub(crate) fn app_of(description: &KeyDescription<'_>) -> (String, Vec<[u8; 32]>) {
    let app = AttestationApplicationId::parse(description.application_id().unwrap()).unwrap();
    let package = app.packages().next().unwrap();
    let digests = app.signature_digests().map(|digest| digest.try_into().unwrap()).collect();
    (String::from_utf8(package.name.to_vec()).unwrap(), digests)
}
