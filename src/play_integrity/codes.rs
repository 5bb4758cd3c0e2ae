//! Which code of Play Integrity a fault is that a reader found: the readers know no protocol.

use crate::{encoding::json::JsonError, error::Error, jose::JoseError};

/// In the payload. No `From`, because a session token is JSON too, and has other codes.
pub(super) const fn in_payload(error: JsonError) -> Error {
    match error {
        JsonError::Malformed => Error::PlayJsonMalformed,
        JsonError::Trailing => Error::PlayJsonTrailing,
        JsonError::DuplicateName => Error::PlayJsonDuplicate,
        JsonError::Type => Error::PlayJsonType,
        JsonError::Limit => Error::PlayJsonLimit,
    }
}

/// In the JWE.
pub(super) const fn in_jwe(error: JoseError) -> Error {
    match error {
        JoseError::Segments => Error::PlaySegments,
        JoseError::Base64 => Error::PlayBase64,
        JoseError::HeaderTooLarge | JoseError::Header(JsonError::Limit) => Error::PlayHeaderTooLarge,
        JoseError::Header(JsonError::DuplicateName) => Error::PlayHeaderDuplicate,
        JoseError::Header(_) => Error::PlayHeaderMalformed,
    }
}

/// In the JWS within.
pub(super) const fn in_jws(error: JoseError) -> Error {
    match error {
        JoseError::Segments | JoseError::Base64 => Error::PlayNotSigned,
        JoseError::HeaderTooLarge | JoseError::Header(_) => Error::PlayInnerHeader,
    }
}
