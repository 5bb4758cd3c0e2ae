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
                    /// A trust anchor has no name, or no key that the verifier takes (on P-384; of key attestation others too, RSA unless it is
                    /// made without); it is not a certification authority, or two share a name.
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
                }
            }
        }
    };
}
