//! Nothing could be decided: the numbers from 9000 on, for every protocol.

/// Hands these rows to the next macro, behind those that came before.
macro_rules! undecided_errors {
    ($next:ident $($rest:tt)*) => {
        $next! { $($rest)*
            undecided Undecided {
                Unavailable {
                    /// The cryptographic backend could not compute; nothing is known about the object.
                    CryptoUnavailable = 9000,
                    /// The time is zero: the clock was never set.
                    ClockUnset = 9001,
                    /// There is no policy, and so no app.
                    ConfigNoAppId = 9002,
                    /// No trust anchor is configured.
                    ConfigNoAnchor = 9003,
                    /// A trust anchor has no name or no key on P-384, is not a certification authority, or two share a name.
                    ConfigInvalidAnchor = 9004,
                    /// The client data hash is empty, so that the object would be bound to nothing.
                    ClientDataEmpty = 9005,
                    /// A stored key is not one that this crate encoded, or was altered.
                    StoredKeyMalformed = 9006,
                    /// A public key given by the caller is not a point of the curve.
                    PublicKeyInvalid = 9007,
                    /// The counter store could not answer; the counter may or may not have moved.
                    StoreUnavailable = 9008,
                    /// A stored replay window is not of its form.
                    StoredWindowMalformed = 9009,
                    /// Two policies are for one app, so that nobody knows which of them counts.
                    ConfigDuplicateAppId = 9010,
                    /// The evidence is of a platform or kind for which no verifier is configured.
                    ConfigNoPlatform = 9011,
                    /// There is no key that a token could be verified with.
                    ConfigNoTokenKey = 9050,
                    /// Two keys for tokens have one `kid`, so that nobody knows which of them counts.
                    ConfigDuplicateTokenKey = 9051,
                    /// A secret for tokens is shorter than 32 octets, or longer than 64 (RFC 7518 §3.2).
                    ConfigSecretLength = 9052,
                    /// A policy for tokens names an empty issuer, audience or type.
                    ConfigTokenPolicy = 9053,
                    /// The key is of another algorithm than this operation is for, or verifies and cannot sign.
                    ConfigKeyKind = 9054,
                    /// A claim that the caller adds has the name of another.
                    ConfigClaimName = 9055,
                    /// The target URI that the caller gave is not an absolute one of `http` or `https`.
                    ConfigTargetUri = 9056,
                    /// The caller gave fewer random octets than are needed, or no random ones.
                    RandomTooShort = 9057,
                    /// The caller's buffer has no room for what was to be written.
                    RoomTooSmall = 9058,
                }
            }
        }
    };
}
