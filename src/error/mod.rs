//! What can go wrong, as one 2-byte value with a stable number.
//!
//! Each protocol has a file of its own with its codes and its steps, and a thousand numbers. A row is written once: the
//! enum, the numbers, the names, the class told to the peer, the step of the verification and the sentence come from it.
//! The guide's table (`guide/errors.md`) is generated from them.

#[macro_use]
pub(crate) mod app_attest;
#[macro_use]
#[cfg_attr(not(feature = "key-attestation"), allow(unreachable_pub, dead_code, reason = "its macro adds no rows"))]
pub(crate) mod key_attestation;
#[macro_use]
#[cfg_attr(not(feature = "play-integrity"), allow(unreachable_pub, dead_code, reason = "its macro adds no rows"))]
pub(crate) mod play_integrity;
#[macro_use]
#[cfg_attr(not(feature = "session"), allow(unreachable_pub, dead_code, reason = "its macro adds no rows"))]
pub(crate) mod session;
#[macro_use]
mod undecided;

use core::fmt;

/// What a peer may be told about a failure.
///
/// The precise [`Error`] belongs in the verifier's log and metrics; the peer gets this.
///
/// With the feature `serde` it is written by name. What a binary format makes of it, the position, is not stable: write the
/// error's number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Class {
    /// The bytes are not an object of the kind asked for. Sending them again cannot help.
    Malformed,
    /// The bytes are well-formed and are refused.
    Rejected,
    /// The verifier could not decide: its configuration, clock, storage or cryptographic backend is at fault, not the
    /// peer. Never treat this as a refusal of the peer, and never as an acceptance.
    Unavailable,
}

/// The step of a verification that failed: one type of steps for each protocol, in the order in which it runs.
///
/// With the feature `serde` it is written by name. What a binary format makes of it, the position, is not stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Step {
    /// Apple App Attest.
    AppAttest(app_attest::Step),
    /// Google Play Integrity.
    #[cfg(feature = "play-integrity")]
    PlayIntegrity(play_integrity::Step),
    /// Android key attestation.
    #[cfg(feature = "key-attestation")]
    KeyAttestation(key_attestation::Step),
    /// Challenges, tokens and signed requests.
    #[cfg(feature = "session")]
    Session(session::Step),
}

/// Makes the enum of the rows of all protocols. A group of rows has a class, and a step unless it is about something else
/// than the object.
macro_rules! errors {
    ($( $protocol:ident $steps:ident {
        $( $class:ident $($step:ident)? { $( $(#[doc = $sentence:literal])+ $name:ident = $code:literal, )+ } )+
    } )+) => {
        /// Why an object was not accepted.
        ///
        /// Two bytes, `Copy`, and free of input: nothing of the object can leak through an error into a log. The
        /// number ([`code`](Self::code)) and the [`name`](Self::name) are stable across releases. The thousands are the
        /// protocol's: 1 App Attest, 2 Play Integrity, 3 Android key attestation, 5 sessions, 9 undecided. The class follows from the table, never from the number.
        ///
        #[doc = include_str!("../guide/errors.md")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum Error {
            $( $( $( $(#[doc = $sentence])+ $name = $code, )+ )+ )+
        }

        impl Error {
            /// Every error, in the order of the table.
            pub const ALL: &'static [Self] = &[ $( $( $( Self::$name, )+ )+ )+ ];

            /// The stable number.
            #[must_use]
            pub const fn code(self) -> u16 {
                match self { $( $( $( Self::$name => $code, )+ )+ )+ }
            }

            /// The error of this number, as a log or a metric has it; `None` if no error of this release has it.
            #[must_use]
            pub const fn from_code(code: u16) -> Option<Self> {
                match code { $( $( $( $code => Some(Self::$name), )+ )+ )+ _ => None }
            }

            /// The stable name, as written in this enum: a metric label.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( $( $( Self::$name => stringify!($name), )+ )+ )+ }
            }

            /// The documented sentence, in Markdown. An image that does not call this does not hold the sentences.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $( $( $( Self::$name => concat!($($sentence),+).trim_ascii_start(), )+ )+ )+ }
            }

            /// What the peer may be told.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $( $( $( Self::$name )|+ => Class::$class, )+ )+ }
            }

            /// The step of the verification that failed: everything before it has passed, and of what comes after it nothing is
            /// known. `None` if the error is not about an object: the key identifier beside it, the configuration, the clock,
            /// the storage or the backend.
            #[must_use]
            pub const fn step(self) -> Option<Step> {
                match self { $( $( $( Self::$name )|+ => errors!(@step $protocol $steps $($step)?), )+ )+ }
            }
        }
    };
    (@step $protocol:ident $steps:ident $step:ident) => { Some(Step::$steps($protocol::Step::$step)) };
    (@step $protocol:ident $steps:ident) => { None };
}

app_attest_errors! { play_integrity_errors key_attestation_errors session_errors undecided_errors errors }

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.code())
    }
}

impl core::error::Error for Error {}

/// The name in a text that people read, and the number elsewhere: both are stable.
#[cfg(feature = "serde")]
impl serde::Serialize for Error {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(self.name())
        } else {
            serializer.serialize_u16(self.code())
        }
    }
}
