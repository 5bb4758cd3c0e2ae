//! HTTP: what a request says, and what is answered. Nothing is decided here but who may come at all, over TLS and not too
//! often.

mod account;
mod api_key;
mod api_key_forward;
mod app;
mod assertion;
mod claims;
mod client_attestation;
mod forward;
mod guard;
mod header;
mod intake;
mod mediator;
mod observe;
mod operator;
mod origin;
mod page;
mod problem;
mod request_id;
mod routes;
mod search;
mod token;
mod upstream;

pub use self::{
    account::AccountSource,
    api_key::{KeyIntake, KeyProtection, RequireApiKey, require_api_key},
    api_key_forward::KeyRule,
    assertion::{Protection, RequireAssertion, require_assertion},
    forward::ForwardRule,
    guard::OperatorAccess,
    header::parse as parse_assertion_headers,
    intake::Intake,
    origin::{ClientAddress, Origin},
    problem::Problem,
    request_id::RequestId,
    routes::{
        API_KEY_PATHS, APP_INTERFACE, AppRoutes, CLIENT_ATTESTATION_PATHS, FORWARD_PATHS, MEDIATOR_PATHS,
        OPERATOR_INTERFACE, TOKEN_PATHS, operator,
    },
    token::{RequireToken, TokenProtection, require_token},
    upstream::{RequireClaims, require_claims},
};
