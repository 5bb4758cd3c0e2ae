//! Android key attestation: the numbers 3000 to 3999.
//!
//! 30xx the chain's form, 31xx trust, 32xx the form of a key description, 33xx what it says, 39xx configuration.

/// The steps of a verification, in the order in which they run. The first three are those of parsing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Step {
    /// Number and size of the certificates.
    Size,
    /// The certificates, each strict DER.
    Certificates,
    /// The leaf's extension `KeyDescription`, and its two authorization lists.
    Description,
    /// The chain ends at a trust anchor, or below one, by name and key.
    Anchor,
    /// Each certificate's issuer is the next one's subject.
    Names,
    /// The algorithms of signatures and issuers' keys.
    Algorithms,
    /// Whether the key of the secure hardware came from the factory or over the network, and the chain's length.
    Provisioning,
    /// The validity periods of those certificates whose periods count.
    Validity,
    /// No other certificate than the leaf has a key description, but one whose key attests; those above the secure hardware's are of
    /// authorities.
    Placement,
    /// The revocation list, for each certificate below the anchor.
    Revocation,
    /// The challenge (`attestationChallenge`).
    Challenge,
    /// The security level, and that the chain backs it.
    SecurityLevel,
    /// Origin, purposes, algorithm and users of the key, from the hardware-enforced list.
    Key,
    /// What the boot loader reported (`rootOfTrust`).
    Boot,
    /// The app that asked (`attestationApplicationId`).
    App,
    /// Versions and patch levels, and tags that are not known.
    System,
    /// The leaf's public key.
    LeafKey,
    /// The signatures of the chain.
    Signatures,
}

/// Hands the rows of this protocol to the next macro, behind those that came before.
#[cfg(feature = "key-attestation")]
macro_rules! key_attestation_errors {
    ($next:ident $($rest:tt)*) => {
        $next! { $($rest)*
            key_attestation KeyAttestation {
                Malformed Size {
                    /// The certificates together have more octets than `MAX_CHAIN`.
                    AndroidTooLarge = 3000,
                    /// There are fewer than three certificates: no chain of Google's roots is shorter.
                    AndroidTooFewCertificates = 3001,
                    /// There are more certificates than `MAX_CERTIFICATES`.
                    AndroidTooManyCertificates = 3002,
                    /// A certificate is in the list twice.
                    AndroidCertificateRepeated = 3003,
                }
                Malformed Certificates {
                    /// The DER ends before the element does (X.690 §8.1).
                    AndroidDerTruncated = 3010,
                    /// A length is indefinite, not minimal, or longer than two octets (X.690 §10.1).
                    AndroidDerLength = 3011,
                    /// An element has another tag than its place requires.
                    AndroidDerTag = 3012,
                    /// Bytes follow the last element of a structure.
                    AndroidDerTrailing = 3013,
                    /// An INTEGER is empty or not minimal (X.690 §8.3.2).
                    AndroidDerInteger = 3014,
                    /// A BOOLEAN is not one octet (X.690 §8.2.1).
                    AndroidDerBoolean = 3015,
                    /// A BIT STRING is empty, has unused bits where none may be, or padding that is not zero (X.690 §11.2).
                    AndroidDerBitString = 3016,
                    /// An OBJECT IDENTIFIER is empty, cut off, or not minimal (X.690 §8.19).
                    AndroidDerOid = 3017,
                    /// A time of a certificate whose period counts is not of the form of RFC 5280 §4.1.2.5, or not a date since 1970.
                    AndroidCertTime = 3018,
                    /// A certificate is not X.509 version 3 (RFC 5280 §4.1.2.1).
                    AndroidCertVersion = 3020,
                    /// A serial number is not positive, or longer than 20 octets (RFC 5280 §4.1.2.2).
                    AndroidCertSerial = 3021,
                    /// The signature algorithms inside and outside the signed part differ (RFC 5280 §4.1.1.2).
                    AndroidCertAlgMismatch = 3022,
                    /// notBefore is later than notAfter, in a certificate whose period counts (RFC 5280 §4.1.2.5).
                    AndroidValidityInverted = 3025,
                    /// An extension occurs twice (RFC 5280 §4.2).
                    AndroidExtDuplicate = 3028,
                    /// There are more extensions than `MAX_EXTENSIONS`.
                    AndroidExtLimit = 3029,
                    /// An extension's value, or the list of extensions, is not of its form.
                    AndroidExtMalformed = 3030,
                    /// There is a critical extension other than basic constraints and key usages (RFC 5280 §4.2).
                    AndroidExtCritical = 3031,
                }
                Malformed Description {
                    /// The leaf has no extension 1.3.6.1.4.1.11129.2.1.17: it is of no attestation.
                    AndroidDescriptionMissing = 3200,
                    /// The extension is not a `KeyDescription` of eight members, to its end.
                    AndroidDescriptionMalformed = 3201,
                    /// An authorization list holds a tag twice.
                    AndroidTagDuplicate = 3203,
                    /// The value of a known tag is not of its type, or an element of a list is not `[tag] EXPLICIT` one element.
                    AndroidTagMalformed = 3204,
                    /// An authorization list holds more elements than `MAX_TAGS`.
                    AndroidTagLimit = 3205,
                    /// The challenge is longer than the 128 octets that KeyMint takes.
                    AndroidChallengeTooLong = 3207,
                }
                Rejected Anchor {
                    /// The chain neither ends with a trust anchor, by name and key, nor in a certificate that one is to have issued.
                    AndroidAnchorUnknown = 3100,
                }
                Rejected Names {
                    /// A certificate's issuer is not the next one's subject, byte by byte, or is empty (RFC 5280 §6.1.3 (a)(4)).
                    AndroidIssuerMismatch = 3101,
                }
                Malformed Algorithms {
                    /// A signature algorithm is none of ECDSA with SHA-256 or SHA-384 and RSA PKCS #1 v1.5 with SHA-256; or it is RSA, and the
                    /// verifier was made without it.
                    AndroidCertAlgUnsupported = 3023,
                    /// A signature is not a strict DER `ECDSA-Sig-Value`, or has not as many octets as a modulus (RFC 8017 §8.2.2).
                    AndroidCertSignatureEncoding = 3024,
                    /// The key of an issuer is none on P-256 or P-384, and none for RSA of 2048, 3072 or 4096 bits with the exponent 65537.
                    AndroidIssuerKey = 3026,
                }
                Rejected Provisioning {
                    /// The highest certificate below the anchor is neither that of remote provisioning nor one of a factory.
                    AndroidProvisioningUnknown = 3102,
                    /// The number of certificates is not that of the kind of provisioning.
                    AndroidChainLength = 3103,
                    /// The key of the secure hardware came from the factory, and the policy requires remote provisioning.
                    AndroidFactoryRefused = 3104,
                }
                Rejected Validity {
                    /// The time is before the notBefore of a certificate between leaf and anchor.
                    AndroidNotYetValid = 3105,
                    /// The time is after the notAfter of a certificate between leaf and anchor, in a chain that was provisioned remotely.
                    AndroidExpired = 3106,
                }
                Rejected Placement {
                    /// Another certificate than the leaf has a key description: an attested key signed the leaf, which anybody who has one
                    /// can do.
                    AndroidDescriptionElsewhere = 3107,
                    /// The policy accepts keys that attest, and the one here is none, or differs from the leaf in what must be equal.
                    AndroidAttestKeyMismatch = 3108,
                    /// A certificate between that of the secure hardware and the anchor is no certification authority, or may not sign
                    /// certificates (RFC 5280 §4.2.1.3, §4.2.1.9).
                    AndroidNotAuthority = 3109,
                }
                Rejected Revocation {
                    /// The revocation list says that a certificate of the chain is revoked.
                    AndroidRevoked = 3110,
                    /// The revocation list says that a certificate of the chain is suspended.
                    AndroidSuspended = 3111,
                }
                Rejected Challenge {
                    /// The challenge is not the expected one.
                    AndroidChallengeMismatch = 3300,
                }
                Rejected SecurityLevel {
                    /// `attestationSecurityLevel` and `keyMintSecurityLevel` differ.
                    AndroidLevelMismatch = 3301,
                    /// The security level is software, unknown, or below the policy's.
                    AndroidLevelTooLow = 3302,
                    /// The certificate of the secure hardware says another security level than the leaf, or does not say StrongBox.
                    AndroidLevelUnbacked = 3303,
                }
                Rejected Key {
                    /// The hardware did not generate the key (`origin`).
                    AndroidOrigin = 3310,
                    /// The purposes of the key are not those that the policy accepts.
                    AndroidPurpose = 3311,
                    /// Algorithm and curve of the key are not those that the policy accepts.
                    AndroidAlgorithm = 3312,
                    /// The key is for all apps (`allApplications`), so that none is bound to it.
                    AndroidAllApplications = 3313,
                }
                Rejected Boot {
                    /// The hardware-enforced list has no `rootOfTrust`.
                    AndroidRootOfTrustMissing = 3320,
                    /// The boot loader is unlocked (`deviceLocked`).
                    AndroidUnlocked = 3321,
                    /// The boot state is not Verified, nor `SelfSigned` under a boot key of the policy.
                    AndroidBootState = 3322,
                    /// The boot state is `SelfSigned`, and the boot key is not one of the policy's.
                    AndroidBootKey = 3323,
                    /// The attestation version is 3 or greater, and `verifiedBootHash` is missing.
                    AndroidBootHashMissing = 3324,
                }
                Rejected App {
                    /// The software-enforced list has no `attestationApplicationId`.
                    AndroidAppMissing = 3330,
                }
                Malformed App {
                    /// `attestationApplicationId` is not an `AttestationApplicationId`.
                    AndroidAppMalformed = 3331,
                }
                Rejected App {
                    /// The system did not know which package asked (`UnknownPackage`): a fault of some systems before Android 17.
                    AndroidPackageUnknown = 3332,
                    /// Not exactly one package asked, and the policy does not accept shared user identifiers.
                    AndroidPackageCount = 3333,
                    /// The package is not that of a policy.
                    AndroidPackage = 3334,
                    /// The certificates that signed the app are not those of the policy.
                    AndroidSigningDigest = 3335,
                }
                Rejected System {
                    /// The version of Android is missing or below the policy's.
                    AndroidOsVersion = 3340,
                    /// The patch level of Android is missing or below the policy's.
                    AndroidOsPatchLevel = 3341,
                    /// The patch level of the vendor is missing or below the policy's.
                    AndroidVendorPatchLevel = 3342,
                    /// The patch level of the boot image is missing or below the policy's.
                    AndroidBootPatchLevel = 3343,
                    /// A list holds a tag that this release does not know, and the policy refuses those.
                    AndroidUnknownTag = 3344,
                }
                Malformed LeafKey {
                    /// The leaf's public key is no point of its curve, or not of the algorithm that the description says.
                    AndroidLeafKey = 3350,
                }
                Rejected Signatures {
                    /// A certificate is not signed by the key of its issuer (RFC 5280 §6.1.3 (a)(1)).
                    AndroidSignature = 3360,
                }
                Unavailable {
                    /// The policy's package name is empty.
                    AndroidConfigPackage = 3900,
                    /// The policy lists no certificate that signs the app, so that no app could pass.
                    AndroidConfigNoDigest = 3901,
                    /// A boot key of the policy is all zeros, as unlocked phones have it.
                    AndroidConfigBootKey = 3902,
                    /// Two policies are for one package.
                    AndroidConfigDuplicatePackage = 3903,
                    /// A revocation list is not in ascending order, or a serial number in it is not minimal lower-case hexadecimal.
                    AndroidConfigRevocations = 3904,
                    /// The key is not one on P-256, which alone signs requests.
                    AndroidKeyCannotSign = 3905,
                    /// The expected challenge is empty, so that the attestation would be bound to nothing.
                    AndroidChallengeEmpty = 3906,
                }
            }
        }
    };
}

#[cfg(not(feature = "key-attestation"))]
macro_rules! key_attestation_errors {
    ($next:ident $($rest:tt)*) => { $next! { $($rest)* } };
}
