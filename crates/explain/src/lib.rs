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
mod explain;
mod facts;
mod input;
mod model;
mod names;
mod outline;
mod policy;
mod receipt;
mod stage;
mod steps;
mod text;
mod unfit;
mod vector;

pub use anchors::Anchors;
pub use caller::{CallerSide, ClientData, LastCounter, StoredKey};
pub use explain::explain;
pub use input::{Input, MAX_INPUT, Object, Unreadable};
pub use model::{
    CertificateFacts, ChainReport, ChainVerdict, Compared, Decoding, Diagnosis, Explanation, Facts, Finding, Kind,
    LaunchFacts, Mark, Missing, Outcome, StepReport, Verdict,
};
pub use policy::{LeastBuild, Requirements};
pub use receipt::ReceiptFacts;
pub use text::{from_base64, unix_time};
pub use vector::{Expected, Vector};
