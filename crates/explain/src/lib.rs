#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod anchors;
mod assertion;
mod assumed;
mod attestation;
mod ber;
mod caller;
mod compared;
mod diagnosis;
mod expected;
mod explain;
mod facts;
mod input;
mod key_attestation;
mod model;
mod names;
mod outline;
mod policy;
mod receipt;
mod stage;
mod steps;
mod text;
mod token;
mod unfit;
mod vector;

pub use anchors::Anchors;
pub use caller::{CallerSide, ClientData, LastCounter, StoredKey};
pub use expected::Expected;
pub use explain::explain;
pub use input::{Input, MAX_INPUT, Object, Unreadable};
pub use key_attestation::{
    CertificateChain, DescriptionRow, Failure, KeyAttestationExplanation, KeyAttestationRequirements,
    KeyAttestationRoots, KeyAttestationSide, KeyAttestationVector, KeyCertificateFacts, KeyChainFacts, Member, Members,
    RevocationList, explain_key_attestation, key_description,
};
pub use model::{
    CertificateFacts, ChainReport, ChainVerdict, Compared, Decoding, Diagnosis, Explanation, Facts, Finding, Kind,
    LaunchFacts, Mark, Missing, Outcome, StepReport, Verdict,
};
pub use policy::{LeastBuild, Requirements};
pub use receipt::ReceiptFacts;
pub use text::{from_base64, unix_millis, unix_time};
pub use token::{
    CertificateDigest, Claim, DialogFacts, HeaderFacts, PlayBinding, PlayFacts, PlayKeys, PlayRequirements, PlaySide,
    Recall, Secret, SessionFacts, SessionKey, SessionKeys, SessionSide, Token, TokenExplanation, TokenFacts, TokenForm,
    TokenKind, TokenSide, TokenVector, certificate_digest, device_label, explain_token,
};
pub use vector::Vector;
