//! Sessions: the numbers 5000 to 5999.
//!
//! 50xx sealed challenges, 51xx tokens and proofs of possession, 52xx signed requests, 53xx PKCE, 59xx configuration.

/// The steps of what comes after an attestation, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Step {
    /// The size of the object.
    Size,
    /// Its layout: segments, strict base64url, fixed fields.
    Form,
    /// The header of a token: strict JSON, algorithm, type, nothing critical.
    Header,
    /// A key that the verifier has.
    Key,
    /// The code or signature of that key.
    Authenticity,
    /// The payload of a token: strict JSON, and the claims that have to be there.
    Payload,
    /// What the claims say of issuer, audience and subject.
    Claims,
    /// The times.
    Time,
    /// What the object is bound to: session, request, key.
    Binding,
}

/// Hands the rows of this protocol to the next macro, behind those that came before.
#[cfg(feature = "session")]
macro_rules! session_errors {
    ($next:ident $($rest:tt)*) => {
        $next! { $($rest)*
            session Session {
                Malformed Size {
                    /// The token or proof is longer than `MAX_TOKEN`.
                    TokenTooLarge = 5100,
                }
                Malformed Form {
                    /// What came back is not of the form of a sealed challenge: another length, or not its base64url.
                    ChallengeForm = 5000,
                    /// The token or proof does not have exactly three segments (RFC 7515 §7.1).
                    TokenSegments = 5101,
                    /// The signature of a request, or a part of what it signs, is not of its form.
                    RequestForm = 5200,
                    /// The code challenge is not the base64url of 32 octets (RFC 7636 §4.2).
                    PkceChallengeForm = 5300,
                    /// The code verifier is not 43 to 128 unreserved characters (RFC 7636 §4.1).
                    PkceVerifierForm = 5301,
                }
                Malformed Header {
                    /// The header is not canonical base64url (RFC 7515 §2).
                    TokenHeaderBase64 = 5102,
                    /// The header is longer than 512 characters, or has more members or levels, than this verifier's cap.
                    TokenHeaderLimit = 5103,
                    /// The header is not strict JSON, or a parameter in it is not a string (RFC 7515 §4.1).
                    TokenHeaderJson = 5104,
                    /// The header has the same name twice (RFC 7515 §4).
                    TokenHeaderDuplicate = 5105,
                }
                Rejected Header {
                    /// `typ` is missing or not the type that is expected here (RFC 8725 §3.11).
                    TokenType = 5106,
                    /// The header has `crit`: no extension is understood here (RFC 7515 §4.1.11).
                    TokenCritical = 5107,
                    /// The header has `enc` or `zip`, which no signed token has.
                    TokenEncoding = 5108,
                }
                Malformed Key {
                    /// The header of the proof has no `jwk` (RFC 9449 §4.2).
                    ProofKeyMissing = 5110,
                    /// A JSON Web Key is not strict JSON, lacks `kty`, `crv`, `x` or `y`, or a coordinate is not 32 octets (RFC 7518 §6.2.1).
                    JwkForm = 5111,
                }
                Rejected Key {
                    /// A JSON Web Key is of another type, curve, algorithm or use than one for signatures with ES256.
                    JwkUnsupported = 5112,
                    /// A JSON Web Key holds a private key.
                    JwkPrivate = 5113,
                    /// A JSON Web Key is no point of P-256.
                    JwkPoint = 5114,
                    /// The header has no `kid`, and the verifier has several keys.
                    TokenKeyMissing = 5115,
                    /// The verifier has no key of this `kid`.
                    TokenKeyUnknown = 5116,
                    /// `alg` is missing or not the algorithm of the key (RFC 8725 §3.1).
                    TokenAlgorithm = 5117,
                    /// Nobody has been given a request key with this identifier, or it was taken back.
                    RequestKeyUnknown = 5201,
                }
                Malformed Authenticity {
                    /// The code or signature is not canonical base64url of the length of its algorithm: 32 octets for HS256, 64 for ES256 (RFC 7518 §3.2, §3.4).
                    TokenSignatureForm = 5120,
                }
                Rejected Authenticity {
                    /// No key here sealed this challenge for this purpose and binding, or it was altered.
                    ChallengeForged = 5001,
                    /// The code or signature is not one of this text by this key.
                    TokenForged = 5121,
                    /// The secret of this key did not sign this request.
                    RequestForged = 5202,
                }
                Malformed Payload {
                    /// The payload is not canonical base64url (RFC 7515 §2).
                    TokenPayloadBase64 = 5125,
                    /// The payload has more members or levels than this verifier's cap.
                    TokenPayloadLimit = 5126,
                    /// The payload is not one object of strict JSON (RFC 7519 §7.2).
                    TokenPayloadJson = 5127,
                    /// The payload has the same name twice (RFC 7519 §4).
                    TokenPayloadDuplicate = 5128,
                    /// A claim has another type than the one that is defined for it, or a time does not fit 64 bits.
                    TokenClaimType = 5129,
                    /// The token has no issuer (`iss`).
                    TokenIssuerMissing = 5130,
                    /// The token has no audience (`aud`).
                    TokenAudienceMissing = 5131,
                    /// The token has no subject (`sub`).
                    TokenSubjectMissing = 5132,
                    /// The token has no expiration time (`exp`).
                    TokenExpiryMissing = 5133,
                    /// The token or proof does not say when it was issued (`iat`).
                    TokenIssuedAtMissing = 5134,
                    /// The proof has no identifier, or an empty one (`jti`).
                    TokenIdMissing = 5135,
                    /// The proof names no method (`htm`).
                    ProofMethodMissing = 5136,
                    /// The proof names no target URI (`htu`).
                    ProofUriMissing = 5137,
                    /// `cnf` is missing where a key is required, or names one in another way than is taken here: `jkt` or `jwk`.
                    TokenConfirmation = 5138,
                }
                Rejected Claims {
                    /// The token is of another issuer (`iss`).
                    TokenIssuer = 5140,
                    /// The token or proof is for another audience (`aud`).
                    TokenAudience = 5141,
                    /// The attestation is of another client (`sub`).
                    TokenSubject = 5142,
                }
                Rejected Time {
                    /// The challenge has lived longer than it may.
                    ChallengeExpired = 5002,
                    /// The challenge was sealed later than it is now.
                    ChallengeFromFuture = 5003,
                    /// The token has expired: now is not before `exp` (RFC 7519 §4.1.4).
                    TokenExpired = 5150,
                    /// The token is not valid yet: now is before `nbf` (RFC 7519 §4.1.5).
                    TokenNotYetValid = 5151,
                    /// The token or proof was issued later than it is now (`iat`).
                    TokenFromFuture = 5152,
                    /// The token or proof was issued longer ago than the policy allows (`iat`).
                    TokenTooOld = 5153,
                    /// The token lives longer, from `iat` to `exp`, than the policy allows.
                    TokenLifetime = 5154,
                    /// The request was signed longer ago than the window reaches back.
                    RequestTooOld = 5203,
                    /// The request was signed later than the window reaches ahead.
                    RequestFromFuture = 5204,
                }
                Rejected Binding {
                    /// The token is bound to a key (`cnf`) and was presented without a proof (RFC 9449 §7.2).
                    TokenBound = 5160,
                    /// A proof came with a token that is bound to no key.
                    TokenUnbound = 5161,
                    /// The proof is of another key than the token or attestation is bound to.
                    TokenKeyMismatch = 5162,
                    /// The proof is for another method (`htm`).
                    ProofMethod = 5163,
                    /// The proof is for another target URI (`htu`).
                    ProofUri = 5164,
                    /// The proof does not hold the nonce that the server demanded (`nonce`).
                    ProofNonce = 5165,
                    /// The proof does not hold the hash of the token that it came with (`ath`).
                    ProofTokenHash = 5166,
                    /// The proof does not hold the challenge that the server demanded (`challenge`).
                    AttestationChallenge = 5167,
                    /// The code verifier is not the one of the code challenge (RFC 7636 §4.6).
                    PkceMismatch = 5302,
                }
                Unavailable {
                    /// A session key is shorter than 32 octets.
                    SessionKeyTooShort = 5900,
                    /// There is no session key.
                    SessionKeyMissing = 5901,
                    /// A session key is longer than a block of SHA-256, 64 octets.
                    SessionKeyTooLong = 5902,
                    /// There are more session keys than `MAX_SESSION_KEYS`.
                    SessionKeysTooMany = 5903,
                    /// A challenge was to be bound to nothing, so that one for anybody would open for everybody.
                    ChallengeBindingEmpty = 5904,
                    /// There is no key that a token could be verified with.
                    ConfigNoTokenKey = 5910,
                    /// Two keys for tokens have one `kid`, so that nobody knows which of them counts.
                    ConfigDuplicateTokenKey = 5911,
                    /// A secret for tokens is shorter than 32 octets, or longer than 64 (RFC 7518 §3.2).
                    ConfigSecretLength = 5912,
                    /// A policy for tokens names an empty issuer, audience or type.
                    ConfigTokenPolicy = 5913,
                    /// The key is of another algorithm than this operation is for, or verifies and cannot sign.
                    ConfigKeyKind = 5914,
                    /// A claim that the caller adds has the name of another.
                    ConfigClaimName = 5915,
                    /// The target URI that the caller gave is not an absolute one of `http` or `https`.
                    ConfigTargetUri = 5916,
                    /// The caller gave fewer random octets than are needed, or no random ones.
                    RandomTooShort = 5917,
                    /// The caller's buffer has no room for what was to be written, or a token would be longer than `MAX_TOKEN`.
                    RoomTooSmall = 5918,
                }
            }
        }
    };
}

#[cfg(not(feature = "session"))]
macro_rules! session_errors {
    ($next:ident $($rest:tt)*) => { $next! { $($rest)* } };
}
