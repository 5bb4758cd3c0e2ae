//! Numbers of an authorization list that have names.

/// A number with names for those that are known, and the one for all others.
macro_rules! numbers {
    ($(#[doc = $meaning:literal])+ $name:ident { $( $(#[doc = $sentence:literal])+ $value:ident = $number:literal, )+ }) => {
        $(#[doc = $meaning])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[doc = $sentence])+ $value, )+
            /// A number that this release does not know.
            Other(u64),
        }

        impl From<u64> for $name {
            fn from(number: u64) -> Self {
                match number { $( $number => Self::$value, )+ number => Self::Other(number) }
            }
        }

        impl $name {
            /// The number.
            #[must_use]
            pub const fn number(self) -> u64 {
                match self { $( Self::$value => $number, )+ Self::Other(number) => number }
            }
        }
    };
}
pub(super) use numbers;

numbers! {
    /// Where the key lives, and what signed the attestation (`SecurityLevel.aidl`).
    SecurityLevel {
        /// The Android system. Never accepted.
        Software = 0,
        /// A trusted execution environment: the processor's secure world.
        TrustedEnvironment = 1,
        /// A chip of its own.
        StrongBox = 2,
    }
}

numbers! {
    /// Where a key comes from (`KeyOrigin.aidl`).
    Origin {
        /// The hardware generated it, and nobody else ever had it.
        Generated = 0,
        /// Derived from another key.
        Derived = 1,
        /// Imported in the clear.
        Imported = 2,
        /// Not told.
        Reserved = 3,
        /// Imported wrapped.
        SecurelyImported = 4,
    }
}

numbers! {
    /// What a key may be used for (`KeyPurpose.aidl`).
    Purpose {
        /// To encrypt.
        Encrypt = 0,
        /// To decrypt.
        Decrypt = 1,
        /// To sign.
        Sign = 2,
        /// To verify.
        Verify = 3,
        /// To unwrap another key.
        WrapKey = 5,
        /// To agree on a key.
        AgreeKey = 6,
        /// To sign attestations of other keys.
        AttestKey = 7,
    }
}

numbers! {
    /// The algorithm of a key (`Algorithm.aidl`).
    Algorithm {
        /// RSA.
        Rsa = 1,
        /// Elliptic curves.
        Ec = 3,
        /// ML-DSA, since Android 17.
        MlDsa = 4,
        /// AES.
        Aes = 32,
        /// Triple DES.
        TripleDes = 33,
        /// HMAC.
        Hmac = 128,
    }
}

numbers! {
    /// The curve of a key (`EcCurve.aidl`).
    EcCurve {
        /// P-224.
        P224 = 0,
        /// P-256.
        P256 = 1,
        /// P-384.
        P384 = 2,
        /// P-521.
        P521 = 3,
        /// Curve25519.
        Curve25519 = 4,
    }
}

numbers! {
    /// A digest that a key signs (`Digest.aidl`).
    Digest {
        /// None: the key signs what it is given.
        None = 0,
        /// MD5.
        Md5 = 1,
        /// SHA-1.
        Sha1 = 2,
        /// SHA-224.
        Sha224 = 3,
        /// SHA-256.
        Sha256 = 4,
        /// SHA-384.
        Sha384 = 5,
        /// SHA-512.
        Sha512 = 6,
    }
}
