//! The stages of an explanation: the engine's steps, and one more for what is no step of an object.

use genuine::{Error, app_attest::Step};

/// A stage of an explanation: a step of the engine's, or what the object is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The caller's side: its errors are about no object, so the engine has no step for them.
    YourSide,
    /// This step.
    Of(Step),
}

impl Stage {
    /// The stage of an error.
    pub(crate) const fn of(error: Error) -> Self {
        match error.step() {
            Some(genuine::Step::AppAttest(step)) => Self::Of(step),
            // Tokens have steps of their own.
            _ => Self::YourSide,
        }
    }

    /// Whether it is of parsing, which looks at the object alone.
    pub(crate) fn is_of_parsing(self) -> bool {
        matches!(self, Self::Of(step) if step <= Step::SignatureForm)
    }

    /// A stable name: the engine's for a step, such as `AppId`.
    pub(crate) fn name(self) -> String {
        match self {
            Self::YourSide => "Configuration".to_owned(),
            Self::Of(step) => format!("{step:?}"),
        }
    }
}

/// A stable name of the step that failed, of any protocol: the engine's, or `Configuration` for the caller's side.
pub(crate) fn step_name(error: Error) -> String {
    match error.step() {
        Some(genuine::Step::PlayIntegrity(step)) => format!("{step:?}"),
        Some(genuine::Step::Session(step)) => format!("{step:?}"),
        Some(genuine::Step::KeyAttestation(step)) => format!("{step:?}"),
        _ => Stage::of(error).name(),
    }
}
