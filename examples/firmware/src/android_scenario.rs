//! Android phones are paired and open the door; forgers try both.

use core::cell::RefCell;

use genuine::{
    Error,
    app_attest::{AssertionCrypto, Policy},
    crypto::{P256, PrepareEcdsa, VerifyRsa},
    key_attestation::{self, KeyAttestationCrypto, Policy as KeyPolicy, RevocationStatus, RevokedSerials},
    x509::{CachedIssuer, Issuers, RsaLinks},
};

use crate::{
    android::AndroidPairingMode,
    lock::Lock,
    objects::android as objects,
    report::{Expected, Report},
};

/// What the lock has of the revocation list, which in production comes with its software: Google's changes every few days.
const REVOKED: &[(&str, RevocationStatus)] = &[
    ("6681152659205225093", RevocationStatus::Revoked),
    ("c35747a084470c3135aeefe2b8d40cd6", RevocationStatus::Revoked),
];

/// Plays it with one cryptographic backend, to a lock that takes phones of every kind.
pub fn play<C: KeyAttestationCrypto + VerifyRsa>(crypto: &C, report: &mut Report) {
    let policies = [KeyPolicy::new(objects::PACKAGE, &objects::SIGNERS)];
    let anchors = [objects::P384_ROOT, objects::RSA_ROOT]; // In production: GOOGLE_ROOTS.
    let revoked = report.require(RevokedSerials::new(REVOKED));
    let pairing = report.require(AndroidPairingMode::new(&policies, &anchors, revoked, crypto));

    play_remote(&pairing, report);
    for (name, certificates) in [
        ("chain, factory, EC under RSA-4096", objects::FACTORY_EC),
        ("chain, factory, RSA-3072 and RSA-4096", objects::FACTORY_RSA),
    ] {
        report.expect(name, Expected::ACCEPTED, || pairing.attested(certificates, objects::CHALLENGE, objects::NOW));
    }
    report.expect("chain, factory, forged", const { Expected::refused(Error::AndroidSignature) }, || {
        pairing.attested(objects::FACTORY_FORGED, objects::CHALLENGE, objects::NOW)
    });
    play_pairing(&pairing, crypto, report);
}

/// Plays it to a lock that takes phones that were provisioned remotely since 2026, and no other.
pub fn play_without_rsa<C: KeyAttestationCrypto>(crypto: &C, report: &mut Report) {
    let policies = [KeyPolicy::new(objects::PACKAGE, &objects::SIGNERS)];
    let anchors = [objects::P384_ROOT]; // In production: [GOOGLE_P384_ROOT].
    let revoked = report.require(RevokedSerials::new(REVOKED));
    let pairing = report.require(AndroidPairingMode::without_rsa(&policies, &anchors, revoked, crypto));

    play_remote(&pairing, report);
    report.expect("chain, factory", const { Expected::refused(Error::AndroidAnchorUnknown) }, || {
        pairing.attested(objects::FACTORY_EC, objects::CHALLENGE, objects::NOW)
    });
    play_pairing(&pairing, crypto, report);
}

/// Plays it to a lock that keeps issuers' keys prepared, as `K`.
pub fn play_prepared<K, C>(crypto: &C, report: &mut Report)
where
    C: KeyAttestationCrypto + PrepareEcdsa<P256, K>,
{
    let policies = [KeyPolicy::new(objects::PACKAGE, &objects::SIGNERS)];
    let anchors = [objects::P384_ROOT];
    let revoked = report.require(RevokedSerials::new(REVOKED));
    let issuers: RefCell<[Option<CachedIssuer<C, K>>; 2]> = RefCell::new([const { None }; 2]);
    let pairing = report.require(AndroidPairingMode::without_rsa(&policies, &anchors, revoked, crypto));
    let pairing = pairing.with_issuer_cache(&issuers);

    let attested = |certificates| pairing.attested(certificates, objects::CHALLENGE, objects::NOW);
    report.expect("chain, remote, issuer to be kept", Expected::ACCEPTED, || attested(objects::PAIRING.certificates));
    report.expect("chain, remote, cached issuer, forged", const { Expected::refused(Error::AndroidSignature) }, || {
        attested(objects::REMOTE_FORGED)
    });
    report.expect("chain, remote, cached issuer", Expected::ACCEPTED, || attested(objects::PAIRING.certificates));
}

fn play_remote<C: KeyAttestationCrypto, R: RsaLinks<C>, I: Issuers<C, P256>>(
    pairing: &AndroidPairingMode<'_, C, R, I>,
    report: &mut Report,
) {
    let attested = |certificates| pairing.attested(certificates, objects::CHALLENGE, objects::NOW);
    // Under authorities with the names of the true ones.
    report.expect("chain, remote, forged", const { Expected::refused(Error::AndroidSignature) }, || {
        attested(objects::REMOTE_FORGED)
    });
    // Signed by a genuine key of a genuine phone, which is an app's and attests nothing.
    report.expect("chain, forged leaf", const { Expected::refused(Error::AndroidDescriptionElsewhere) }, || {
        attested(objects::FORGED_LEAF)
    });
    report.expect("chain, remote", Expected::ACCEPTED, || attested(objects::PAIRING.certificates));
}

fn play_pairing<C: KeyAttestationCrypto + AssertionCrypto, R: RsaLinks<C>, I: Issuers<C, P256>>(
    pairing: &AndroidPairingMode<'_, C, R, I>,
    crypto: &C,
    report: &mut Report,
) {
    let policies = [Policy::new(report.require(key_attestation::app_id_hash(objects::PACKAGE, crypto)))];
    let lock = report.require(Lock::new(&policies, crypto));
    let pair = |message| pairing.pair(message, objects::CHALLENGE, objects::NOW, &lock);
    // A genuine chain, and the request of another phone.
    report.expect("pairing, copied chain", const { Expected::refused(Error::SignatureInvalid) }, || {
        pair(&objects::COPIED)
    });
    let Some(phone) = report.expect("pairing", Expected::ACCEPTED, || pair(&objects::PAIRING)) else { return };
    let open = || lock.open(objects::REQUEST, &objects::REQUESTED, &phone);
    report.expect("assertion", Expected::ACCEPTED, open);
    report.expect("assertion, replayed", const { Expected::refused(Error::CounterNotIncreased) }, open);
}
