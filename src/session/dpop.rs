//! Proofs of possession (DPoP, RFC 9449): a client signs each request with a key of its own, and a token that is bound to that key is
//! of no use to whoever stole it.
//!
//! ```no_run
//! # use genuine::{Error, UnixTime, crypto::RustCrypto};
//! use genuine::session::{
//!     dpop::{DpopPolicy, DpopVerifier, ProofRequest},
//!     token::TokenVerifier,
//! };
//! # fn answer(
//! #     tokens: &TokenVerifier<'_, RustCrypto>, token: &mut [u8], proof: &mut [u8], now: UnixTime,
//! # ) -> Result<(), Error> {
//! let proofs = DpopVerifier::new(DpopPolicy::new(60), &RustCrypto);
//!
//! // The request as the server received it, with the access token before that is read.
//! let request = ProofRequest::new("POST", "https://api.example/transfers")?.with_access_token(token, &RustCrypto)?;
//! let proof = proofs.verify(proof, &request, now)?;
//! let token = tokens.verify_bound(token, now)?.confirm(&proof)?;
//! // `proof.id()` goes to the store of identifiers: a second request with it is a replay.
//! # let _ = token; Ok(())
//! # }
//! ```

use core::fmt;

use subtle::ConstantTimeEq;

use super::{
    claims::Claims,
    jwk::{self, Thumbprint},
    jwt::{self, Clock},
};
use crate::{
    UnixTime,
    crypto::{Backend, P256, PublicKey, Sha256, VerifyEcdsa},
    encoding::{json::Text, text::base64_of_32},
    error::Error,
    jose::HeaderRoom,
};

/// The type of a proof (RFC 9449 §4.2).
const TYPE: &str = "dpop+jwt";

/// How old a proof may be.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct DpopPolicy {
    greatest_age: u32,
    skew: u32,
}

impl DpopPolicy {
    /// Accepts proofs that were made at most so many seconds ago: seconds or minutes (RFC 9449 §11.1). The store of identifiers
    /// keeps each one until [`VerifiedProof::expires_at`].
    pub const fn new(greatest_age: u32) -> Self {
        Self { greatest_age, skew: 0 }
    }

    /// The last second in which a proof of this time is accepted.
    fn expires_at(self, issued: i64) -> UnixTime {
        jwt::unix_time(issued.saturating_add(i64::from(self.greatest_age)).saturating_add(i64::from(self.skew)))
    }

    /// Allows clocks to differ by so many seconds, in the place of none.
    pub const fn with_skew(self, seconds: u32) -> Self {
        Self { skew: seconds, ..self }
    }
}

/// The request that a proof has to be for, as the server received it.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct ProofRequest<'r> {
    method: &'r str,
    target: Target<'r>,
    nonce: Option<&'r str>,
    token_hash: Option<[u8; 32]>,
}

impl<'r> ProofRequest<'r> {
    /// A request of this method to this target URI: an absolute one of `http` or `https`, as the client sees it. Query and fragment
    /// may be there and are not compared (RFC 9449 §4.3 number 9).
    ///
    /// The method is compared octet by octet (RFC 9110 §9.1). Of the URI, scheme and host are compared without regard to the
    /// case of ASCII, the scheme's own port is the same as none, and an empty path the same as `/` (RFC 3986 §6.2.3). Everything
    /// else is compared as it stands: `%7E` is not `~`, and `/a/../b` is not `/b`.
    ///
    /// # Errors
    ///
    /// [`Error::ConfigTargetUri`].
    pub fn new(method: &'r str, uri: &'r str) -> Result<Self, Error> {
        let target = Target::parse(uri).ok_or(Error::ConfigTargetUri)?;
        Ok(Self { method, target, nonce: None, token_hash: None })
    }

    /// Demands this nonce, which the server sent in `DPoP-Nonce` (RFC 9449 §8).
    pub const fn with_nonce(self, nonce: &'r str) -> Self {
        Self { nonce: Some(nonce), ..self }
    }

    /// Demands the hash of the access token that the request came with (RFC 9449 §4.3 number 12). It is computed here, so that the
    /// token can be used up after this.
    ///
    /// # Errors
    ///
    /// [`Error::CryptoUnavailable`] if the backend cannot hash.
    pub fn with_access_token<C: Sha256 + ?Sized>(self, token: &[u8], crypto: &C) -> Result<Self, Error> {
        let token_hash = Some(Backend::new(crypto).sha256::<Error>(&[token])?);
        Ok(Self { token_hash, ..self })
    }
}

/// A target URI in its parts, without query and fragment.
#[derive(Clone, Copy, Debug)]
struct Target<'r> {
    scheme: &'r str,
    host: &'r str,
    /// The port, if it is not the scheme's own.
    port: Option<&'r str>,
    /// The scheme's own port.
    own_port: &'static str,
    path: &'r str,
}

impl<'r> Target<'r> {
    // By octets, because the searches of `str` hold code that could panic.
    fn parse(uri: &'r str) -> Option<Self> {
        let (scheme, rest) = split_at(uri, uri.bytes().position(|octet| octet == b':'))?;
        let rest = rest.strip_prefix("://")?;
        let own_port = if scheme.eq_ignore_ascii_case("https") {
            "443"
        } else if scheme.eq_ignore_ascii_case("http") {
            "80"
        } else {
            return None;
        };
        let (rest, _) = split_at(rest, rest.bytes().position(|octet| matches!(octet, b'?' | b'#')))?;
        let (authority, path) = split_at(rest, rest.bytes().position(|octet| octet == b'/'))?;
        let (host, port) = split_at(authority, authority.bytes().rposition(|octet| !octet.is_ascii_digit()))?;
        let (host, port) = match port.strip_prefix(':') {
            Some(port) if !port.is_empty() => (host, Some(port).filter(|port| *port != own_port)),
            _ => (authority, None),
        };
        // A colon belongs to the port, or to an address between brackets (RFC 3986 §3.2.2).
        let (is_address, is_name) =
            (host.starts_with('[') && host.ends_with(']'), !host.bytes().any(|octet| octet == b':'));
        let is_host = !host.is_empty()
            && (is_address || is_name)
            && host.bytes().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b'@' | b'\\'));
        is_host.then_some(Self { scheme, host, port, own_port, path })
    }

    /// Whether a claim names this target.
    fn is(&self, claim: Text<'_>) -> bool {
        let mut rest = claim.chars();
        let same = read_any_case(&mut rest, self.scheme)
            && read_any_case(&mut rest, "://")
            && read_any_case(&mut rest, self.host);
        if !same {
            return false;
        }
        let mut behind = rest.clone();
        let has_port =
            read_any_case(&mut behind, ":") && read_any_case(&mut behind, self.port.unwrap_or(self.own_port));
        if has_port {
            rest = behind;
        } else if self.port.is_some() {
            return false;
        }
        let path = if self.path.is_empty() { "/" } else { self.path };
        let mut claimed = rest.take_while(|character| !matches!(character, '?' | '#')).peekable();
        if claimed.peek().is_none() { path == "/" } else { claimed.eq(path.chars()) }
    }
}

/// Splits before this octet, or at the end.
fn split_at(text: &str, position: Option<usize>) -> Option<(&str, &str)> {
    text.split_at_checked(position.unwrap_or(text.len()))
}

/// Reads these characters, without regard to the case of ASCII.
fn read_any_case(rest: &mut impl Iterator<Item = char>, expected: &str) -> bool {
    expected.chars().all(|character| rest.next().is_some_and(|next| next.eq_ignore_ascii_case(&character)))
}

/// Verifies proofs, with one policy and one cryptographic backend.
pub struct DpopVerifier<'a, C: ?Sized> {
    policy: DpopPolicy,
    crypto: &'a C,
}

// Not derived, because that would ask C for the same, which is only referred to.
impl<C: ?Sized> Clone for DpopVerifier<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized> Copy for DpopVerifier<'_, C> {}

impl<C: ?Sized> fmt::Debug for DpopVerifier<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DpopVerifier").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl<'a, C: Sha256 + VerifyEcdsa<P256> + ?Sized> DpopVerifier<'a, C> {
    /// A verifier.
    pub const fn new(policy: DpopPolicy, crypto: &'a C) -> Self {
        Self { policy, crypto }
    }

    /// Verifies a proof, as the one header field `DPoP` of the request had it (RFC 9449 §4.3). The octets of the buffer are used up,
    /// whatever the answer.
    ///
    /// The answer says that whoever made the proof has its key, for this request. It may be a replay: the caller keeps
    /// [`VerifiedProof::id`] until [`VerifiedProof::expires_at`], and accepts it once.
    ///
    /// # Errors
    ///
    /// The first check that fails, in the order of [`Step`](super::Step); 9xxx if nothing could be decided.
    pub fn verify<'p>(
        &self,
        proof: &'p mut [u8],
        request: &ProofRequest<'_>,
        now: UnixTime,
    ) -> Result<VerifiedProof<'p>, Error> {
        let clock = Clock::new(now, self.policy.skew)?;
        let crypto = Backend::new(self.crypto);
        let mut jws = jwt::split(proof)?;

        // Numbers 4 to 7 of RFC 9449 §4.3: type, algorithm, and a public key that signed.
        let mut room = HeaderRoom::new();
        let header = jwt::header(&jws, &mut room)?;
        jwt::expect_type(&header, TYPE)?;
        let key = jwk::read_value(&mut header.key.ok_or(Error::ProofKeyMissing)?)?;
        jwk::check(&key, &crypto)?;
        jwt::expect_algorithm(&header, "ES256")?;
        jwt::verify_es256(&mut jws, &key, &crypto)?;

        let claims = Claims::read(jwt::payload(jws)?)?;
        let issued = claims.issued.ok_or(Error::TokenIssuedAtMissing)?;
        let id = claims.id.filter(|id| !id.is_empty()).ok_or(Error::TokenIdMissing)?;
        let method = claims.typed_text("htm")?.ok_or(Error::ProofMethodMissing)?;
        let uri = claims.typed_text("htu")?.ok_or(Error::ProofUriMissing)?;

        // Number 11.
        claims.check_times(clock)?;
        clock.expect_younger(issued, self.policy.greatest_age)?;

        // Numbers 8, 9, 10 and 12.
        if method != *request.method {
            return Err(Error::ProofMethod);
        }
        if !request.target.is(uri) {
            return Err(Error::ProofUri);
        }
        if let Some(nonce) = request.nonce
            && claims.text("nonce").is_none_or(|claimed| claimed != *nonce)
        {
            return Err(Error::ProofNonce);
        }
        let thumbprint = Thumbprint::of(&key, self.crypto)?;
        let expires_at = self.policy.expires_at(issued);
        let proof = VerifiedProof { claims, key, thumbprint, id, issued, expires_at, token_hash: request.token_hash };
        match request.token_hash {
            Some(hash) => proof.claims_hash(&hash).then_some(proof).ok_or(Error::ProofTokenHash),
            None => Ok(proof),
        }
    }
}

/// The proof that whoever sent a request has a key, for this request; it may be a replay.
///
/// Made by [`DpopVerifier`] alone.
#[derive(Debug)]
#[must_use = "a proof is good once: its identifier goes to a store"]
pub struct VerifiedProof<'p> {
    claims: Claims<'p>,
    key: PublicKey<P256>,
    thumbprint: Thumbprint,
    id: Text<'p>,
    issued: i64,
    expires_at: UnixTime,
    /// SHA-256 of the access token that the proof was verified with.
    token_hash: Option<[u8; 32]>,
}

impl<'p> VerifiedProof<'p> {
    /// The identifier (`jti`), which the caller accepts once of each key: what is stored is the thumbprint and this, its escapes undone,
    /// or a hash of both. Of the identifier alone, somebody who sees a proof could use it up by a proof of another key.
    #[must_use]
    pub const fn id(&self) -> Text<'p> {
        self.id
    }

    /// When it was made (`iat`), in seconds since 1970, a fraction cut off.
    #[must_use]
    pub const fn issued(&self) -> i64 {
        self.issued
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey<P256> {
        &self.key
    }

    /// The last second in which this proof is accepted: for so long the store remembers it.
    #[must_use]
    pub const fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// The key's thumbprint: what to bind a new token to.
    #[must_use]
    pub const fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// Any claim that is a string; `None` if it is missing or of another type.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Text<'p>> {
        self.claims.text(name)
    }

    /// Whether `ath` is there and this hash in base64url (RFC 9449 §4.2).
    fn claims_hash(&self, hash: &[u8; 32]) -> bool {
        let expected = base64_of_32(hash);
        self.claims
            .text("ath")
            .and_then(|claimed| claimed.as_str())
            .is_some_and(|claimed| claimed.as_bytes().ct_eq(&expected).into())
    }

    /// The proof was verified with the token of this hash.
    pub(super) fn expect_token_hash(&self, hash: &[u8; 32]) -> Result<(), Error> {
        let is_same = self.token_hash.is_some_and(|verified| verified.ct_eq(hash).into());
        if is_same || self.claims_hash(hash) { Ok(()) } else { Err(Error::ProofTokenHash) }
    }
}
