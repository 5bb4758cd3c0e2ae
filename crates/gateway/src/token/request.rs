//! Request tokens: what an API key is exchanged for. The keys that sign session tokens sign these too, and nobody takes one for the
//! other: each has its own type (`typ`) and audience.

use genuine::{
    Error, UnixTime,
    session::token::{ClaimValue, NewToken, TokenPolicy, TokenVerifier},
};

use super::{
    APPLICATION, ROOM, Tokens, dated_lifetime,
    keys::{self, Prepared},
    random,
};
use crate::{refusal::Refusal, secrets::SKEW};

/// The type of request tokens; session tokens are of `JWT`.
const TYPE: &str = "genuine-api-key+jwt";
/// The claim that names what the token is for, separated by spaces (RFC 8693 §4.2).
const SCOPE: &str = "scope";

/// What a request token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestClaims {
    /// The public part of the key that it was exchanged for.
    pub key: String,
    /// The client's name.
    pub application: String,
    /// What it is for.
    pub scopes: Vec<String>,
}

impl Tokens {
    /// A request token for this audience, for so many seconds.
    ///
    /// # Errors
    ///
    /// If there is no key, because the store cannot answer, or no randomness.
    pub async fn mint_request(
        &self,
        claims: &RequestClaims,
        audience: &str,
        lifetime: u32,
        now: u64,
    ) -> Result<String, Refusal> {
        let (keys, position) = self.keys.signing(now).await?;
        let key = keys.get(position).ok_or(Refusal::Internal)?;
        let scope = claims.scopes.join(" ");
        let others = [(APPLICATION, ClaimValue::Text(&claims.application)), (SCOPE, ClaimValue::Text(&scope))];
        let token = NewToken::new(&claims.key, dated_lifetime(lifetime)).with_claims(&others);
        // Dated back, as session tokens are.
        let dated = UnixTime(now.saturating_sub(SKEW));
        let id = random::<16>()?;
        let text = key.with_minter(&self.settings.issuer, audience, |minter| {
            Ok(minter.with_type(TYPE).mint(&token, &id, dated, &mut [0; ROOM])?.to_owned())
        });
        Ok(text?)
    }

    /// What a request token for this audience says, if it verifies. Whether its key was revoked since is not part of it.
    ///
    /// # Errors
    ///
    /// Why it is refused, or that there is no key, because the store cannot answer.
    pub async fn verify_request(
        &self,
        text: &str,
        audience: &str,
        lifetime: u32,
        now: u64,
    ) -> Result<RequestClaims, Refusal> {
        let known = self.keys.all(now).await?;
        let keys = known.iter().map(keys::Key::for_verifying).collect::<Result<Vec<_>, Error>>()?;
        let crypto = Prepared(&known);
        let policy =
            TokenPolicy::new(&self.settings.issuer, audience).with_type(TYPE).limit_lifetime(dated_lifetime(lifetime));
        let mut text = text.as_bytes().to_vec();
        let token = TokenVerifier::new(policy, &keys, &crypto)?.verify(&mut text, UnixTime(now))?;
        let scope = token.text(SCOPE).ok_or(Error::TokenClaimType)?.to_string();
        Ok(RequestClaims {
            key: token.subject().ok_or(Error::TokenSubjectMissing)?.to_string(),
            application: token.text(APPLICATION).ok_or(Error::TokenClaimType)?.to_string(),
            scopes: scope.split(' ').map(str::to_owned).collect(),
        })
    }
}
