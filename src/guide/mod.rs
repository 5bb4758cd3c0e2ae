//! Pages for integrators: what to feed the crate, and what to do with its answers.

// The pages are read here and on a forge. Each gives the place of every name that it mentions at its end, as a file of the
// repository. `links.md` gives the same names as paths of Rust, and comes first: of two definitions the first one counts. The
// page of a feature has such a file of its own. A picture is a part of the documentation, where its address means nothing: there
// the address leads to a picture of nothing.

#[doc = include_str!("links.md")]
#[doc = include_str!("hashing.md")]
pub mod hashing {}

#[doc = include_str!("links.md")]
#[doc = include_str!("storing.md")]
pub mod storing {}

#[cfg(feature = "key-attestation")]
#[doc = include_str!("key-attestation-links.md")]
#[doc = "Android key attestation, from a new key to the requests that it signs.\n"]
#[doc = include_str!("key-attestation.svg")]
#[doc = ""]
#[allow(clippy::doc_markdown, reason = "the text of the picture is none of Markdown")]
#[doc = include_str!("key-attestation.md")]
pub mod key_attestation {}

#[cfg(feature = "play-integrity")]
#[doc = include_str!("play-integrity-links.md")]
#[doc = "Google Play Integrity, from the request to the verdict.\n"]
#[doc = include_str!("play-integrity.svg")]
#[doc = ""]
#[allow(clippy::doc_markdown, reason = "the text of the picture is none of Markdown")]
#[doc = include_str!("play-integrity.md")]
pub mod play_integrity {}

#[doc = include_str!("links.md")]
#[doc = include_str!("platform-changes.md")]
pub mod platform_changes {}

#[cfg(feature = "session")]
#[doc = include_str!("sessions-links.md")]
#[doc = "Sessions: the challenge, the outcome, the token.\n"]
#[doc = include_str!("sessions.svg")]
#[doc = ""]
#[allow(clippy::doc_markdown, reason = "the text of the picture is none of Markdown")]
#[doc = include_str!("sessions.md")]
pub mod sessions {}

#[doc = include_str!("links.md")]
#[doc = include_str!("throughput.md")]
pub mod throughput {}

#[doc = include_str!("links.md")]
#[doc = include_str!("threats.md")]
pub mod threats {}
