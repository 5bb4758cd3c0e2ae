//! Google's server for tokens of standard requests of Play Integrity: it alone opens them.
//!
//! The gate asks a [`Decoder`] and gives the answer to the engine, which reads it. [`GoogleDecoder`] is the one that asks Google.

mod credentials;
pub(crate) mod exchange;
mod google;
mod quota;
mod url;

use std::{error::Error, fmt, sync::Arc};

use async_trait::async_trait;

pub(crate) use self::exchange::{Exchange, read};
pub use self::{
    credentials::ServiceAccount,
    google::{GoogleDecoder, Settings, system_roots},
    quota::{DEFAULT_DAILY_QUOTA, Quota},
    url::ServerUrl,
};

/// Seconds since 1970. What is due by it are the renewal of credentials and the next day of the quota.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Whoever can open a token of a standard request.
#[async_trait]
pub trait Decoder: Send + Sync {
    /// The JSON that Google answers about a token of this app, unread:
    /// [`trust_answer`](genuine::play_integrity::DecodedVerifier::trust_answer) reads it. Google clears the verdicts of a token that
    /// it decodes repeatedly, so that each token is to be decoded once.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    async fn decode(&self, package: &str, token: &str) -> Result<Vec<u8>, DecodeFault>;
}

/// Why there is no answer about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeFault {
    /// It is no token of this app, says Google, or it is none at first sight: the client's fault.
    Refused,
    /// So many tokens were decoded today, or lately, that Google decodes no more.
    Quota,
    /// Google does not answer, or not what it should, or does not know this service: nothing is known of the token.
    Unavailable,
}

impl fmt::Display for DecodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "Google says that this is no token of the app",
            Self::Quota => "the quota of Google's server is used up",
            Self::Unavailable => "Google's server could not be asked",
        })
    }
}

impl Error for DecodeFault {}
