//! Why the mediator refuses, in the words of OAuth.

use strum::IntoStaticStr;

/// Why a login, a code or a refresh token came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
pub enum Fault {
    /// No app has this `client_id`, or the device is not one of the app.
    OauthClientUnknown,
    /// Nobody of this app comes back to this address.
    RedirectUnknown,
    /// What was to come back from the provider was not sealed here, or too long ago, or is another provider's.
    LoginUnknown,
    /// What came back from the provider says another issuer, or none where it has to say one.
    IssuerChanged,
    /// The provider said that there is no code; its own word for that, if it is one that OAuth has.
    LoginRefused(LoginError),
    /// A parameter is missing, is not what it has to be, or is none that the gateway knows.
    ParameterWrong,
    /// Something else than a code was asked for.
    ResponseTypeUnknown,
    /// The login would not be bound to whoever began it: no challenge, or not by S256.
    ChallengeMethod,
    /// The app may not send its users to this provider.
    ProviderRefused,
    /// More was asked for than the provider is configured for, or nothing.
    ScopeRefused,
    /// Neither a code nor a refresh token is shown.
    GrantTypeUnknown,
    /// The code was not sealed here, or too long ago.
    CodeUnknown,
    /// The code is another app's.
    CodeOfAnother,
    /// The code was used before.
    CodeReused,
    /// The code was given out for another address.
    RedirectChanged,
    /// Whoever shows the code did not begin the login.
    VerifierWrong,
    /// The refresh token was not sealed here, or too long ago.
    RefreshUnknown,
    /// The refresh token is another app's.
    RefreshOfAnother,
    /// The refresh token is another device's.
    DeviceChanged,
    /// The refresh token was used before.
    RefreshReused,
    /// The refresh token is being used, and its use takes too long.
    RefreshBusy,
    /// The tokens of the device that were given out until then are revoked.
    GrantRevoked,
    /// The provider did not take the code or the refresh token.
    GrantRefused,
    /// The provider did not answer in time, or said that it cannot.
    ProviderUnavailable,
    /// The provider did not know the gateway, or did not take what it sends: the operator's to mend.
    ProviderMisconfigured,
    /// What the provider answered is no answer.
    ProviderAnswer,
}

/// What a provider may say in the place of a code (RFC 6749 §4.1.2.1, `OpenID` Connect Core §3.1.2.6). Apps are told no other word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginError {
    /// The user or the provider did not agree.
    AccessDenied,
    /// There is nobody logged in, and nobody was to be asked.
    LoginRequired,
    /// Nobody has agreed, and nobody was to be asked.
    ConsentRequired,
    /// The user would have to be asked, and was not to be.
    InteractionRequired,
    /// The scope is not the provider's.
    InvalidScope,
    /// The provider cannot, for now.
    TemporarilyUnavailable,
    /// Anything else.
    ServerError,
}

impl LoginError {
    /// Reads the word of a provider.
    pub(crate) fn of(error: &str) -> Self {
        match error {
            "access_denied" => Self::AccessDenied,
            "login_required" => Self::LoginRequired,
            "consent_required" => Self::ConsentRequired,
            "interaction_required" => Self::InteractionRequired,
            "invalid_scope" => Self::InvalidScope,
            "temporarily_unavailable" => Self::TemporarilyUnavailable,
            _ => Self::ServerError,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::InvalidScope => "invalid_scope",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }
}

impl Fault {
    /// What OAuth calls it (RFC 6749 §4.1.2.1, §5.2). `None` for what is no answer of an authorization server: nobody is known to whom
    /// it could be told, or nothing was decided.
    #[must_use]
    pub const fn error(self) -> Option<&'static str> {
        Some(match self {
            Self::RedirectUnknown
            | Self::LoginUnknown
            | Self::RefreshBusy
            | Self::ProviderUnavailable
            | Self::ProviderMisconfigured
            | Self::ProviderAnswer => return None,
            Self::OauthClientUnknown => "invalid_client",
            Self::IssuerChanged => "server_error",
            Self::LoginRefused(error) => error.as_str(),
            Self::ParameterWrong | Self::ChallengeMethod => "invalid_request",
            Self::ResponseTypeUnknown => "unsupported_response_type",
            Self::ProviderRefused => "unauthorized_client",
            Self::ScopeRefused => "invalid_scope",
            Self::GrantTypeUnknown => "unsupported_grant_type",
            Self::CodeUnknown
            | Self::CodeOfAnother
            | Self::CodeReused
            | Self::RedirectChanged
            | Self::VerifierWrong
            | Self::RefreshUnknown
            | Self::RefreshOfAnother
            | Self::DeviceChanged
            | Self::RefreshReused
            | Self::GrantRevoked
            | Self::GrantRefused => "invalid_grant",
        })
    }
}
