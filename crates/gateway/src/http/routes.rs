//! What is reached on each of the two listeners: the gateway's own routes, and whatever is served beside them.

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderName, header::CONTENT_TYPE},
    middleware::{from_fn, from_fn_with_state},
    response::IntoResponse as _,
    routing::get,
};
use bytes::Bytes;
use ipnet::IpNet;
use serde_json::{Map, Value};

use super::{
    api_key::{self, KeyIntake, require_api_key},
    api_key_forward::{self, KeyRule},
    app,
    assertion::require_assertion,
    client_attestation,
    forward::{self, ForwardRule},
    guard::{self, Guard, OperatorAccess},
    intake::{self, Intake},
    mediator::{self, Admission},
    observe::{self, Observer},
    operator as operators,
    origin::Origin,
    page,
    problem::Problem,
    token::{self, Concealment, Proving, TokenProtection, require_token},
};
use crate::{
    api_key::KeyAccess,
    gate::{Access, Freshness, Gate},
    mediator::Mediator,
    refusal::Refusal,
};

/// The interface of apps, as `OpenAPI` 3.1: of the gateway's own routes.
pub const APP_INTERFACE: &str = include_str!("../../openapi.json");
/// The interface of the operator, as `OpenAPI` 3.1.
pub const OPERATOR_INTERFACE: &str = include_str!("../../openapi-operator.json");

/// Session tokens, as `paths` of `OpenAPI` 3.1.
pub const TOKEN_PATHS: &str = include_str!("../../openapi-tokens.json");

/// Attestations of OAuth clients, as `paths` of `OpenAPI` 3.1.
pub const CLIENT_ATTESTATION_PATHS: &str = include_str!("../../openapi-client-attestations.json");

/// The OAuth mediator, as `paths` of `OpenAPI` 3.1.
pub const MEDIATOR_PATHS: &str = include_str!("../../openapi-mediator.json");

/// Request tokens of API keys, as `paths` of `OpenAPI` 3.1.
pub const API_KEY_PATHS: &str = include_str!("../../openapi-api-keys.json");

/// What reverse proxies may ask, as `paths` of `OpenAPI` 3.1.
pub const FORWARD_PATHS: &str = include_str!("../../openapi-forward.json");

/// Everything that apps reach: challenges and registration, and the routes that are added here.
///
/// A fallback of a router that is added does not come along: a layer on routes does not protect it, and what the gateway
/// has no route for is answered by the gateway.
#[derive(Clone)]
pub struct AppRoutes {
    gate: Arc<Gate>,
    intake: Intake,
    routes: Router,
    interface: Bytes,
}

impl AppRoutes {
    /// Challenges and registration.
    #[must_use]
    pub fn new(gate: Arc<Gate>, intake: Intake) -> Self {
        let routes = app::router(Arc::clone(&gate), intake.clone());
        Self { gate, intake, routes, interface: Bytes::from_static(APP_INTERFACE.as_bytes()) }
    }

    /// Adds routes behind [`require_assertion`].
    ///
    /// # Panics
    ///
    /// If a route is there already.
    #[must_use]
    pub fn protected(self, access: Access, routes: Router) -> Self {
        let layer = require_assertion(Arc::clone(&self.gate), self.intake.clone(), access);
        self.add(routes, |routes| routes.route_layer(layer))
    }

    /// Adds routes behind [`require_token`], with the token in this header. Their bodies are read within the same limits as those of
    /// protected ones.
    ///
    /// # Panics
    ///
    /// If a route is there already.
    #[must_use]
    pub fn admitted(self, header: HeaderName, applications: Vec<String>, routes: Router) -> Self {
        let layer = require_token(Arc::clone(&self.gate), self.intake.clone(), header, applications);
        let body = from_fn_with_state(self.intake.clone(), intake::read_body);
        self.add(routes, |routes| routes.route_layer(body).route_layer(layer))
    }

    /// Adds where devices of these applications get session tokens, and where anybody gets the keys to verify them with. The request
    /// for one takes a challenge: a token says that the app was genuine a moment ago.
    ///
    /// # Panics
    ///
    /// If a route is there already.
    ///
    /// # Errors
    ///
    /// If the description is no JSON object, which a test would show.
    pub fn tokens(self, applications: Vec<String>) -> serde_json::Result<Self> {
        let (issuing, publishing) = (token::issuing(Arc::clone(&self.gate)), token::publishing(Arc::clone(&self.gate)));
        let (gate, intake) = (Arc::clone(&self.gate), self.intake.clone());
        let proving = Proving { gate, intake, applications: applications.clone().into() };
        let by_proof = from_fn_with_state(proving, token::issue_by_proof);
        let access = Access::new(applications, Freshness::Challenge);
        let layer = require_assertion(Arc::clone(&self.gate), self.intake.clone(), access);
        let concealment = Concealment { gate: Arc::clone(&self.gate), intake: self.intake.clone() };
        let conceal = from_fn_with_state(concealment, token::conceal);
        self.add(issuing, |routes| routes.route_layer(layer).route_layer(by_proof).route_layer(conceal))
            .open(publishing)
            .described(TOKEN_PATHS)
    }

    /// Adds where devices of these applications get attestations for OAuth servers, as far as the applications are clients there. The
    /// request takes a challenge, as one for a token.
    ///
    /// # Panics
    ///
    /// If a route is there already.
    ///
    /// # Errors
    ///
    /// If the description is no JSON object, which a test would show.
    pub fn client_attestations(self, applications: Vec<String>) -> serde_json::Result<Self> {
        let issuing = client_attestation::issuing(Arc::clone(&self.gate));
        let (gate, intake) = (Arc::clone(&self.gate), self.intake.clone());
        let proving = Proving { gate, intake, applications: applications.clone().into() };
        let by_proof = from_fn_with_state(proving, client_attestation::issue_by_proof);
        let access = Access::new(applications, Freshness::Challenge);
        let layer = require_assertion(Arc::clone(&self.gate), self.intake.clone(), access);
        self.add(issuing, |routes| routes.route_layer(layer).route_layer(by_proof)).described(CLIENT_ATTESTATION_PATHS)
    }

    /// Adds routes behind [`require_api_key`]. Their bodies are read within the same limits as those of protected ones.
    ///
    /// # Panics
    ///
    /// If a route is there already.
    #[must_use]
    pub fn keyed(self, keys: &KeyIntake, access: KeyAccess, routes: Router) -> Self {
        let layer = require_api_key(keys.clone(), access);
        self.add(routes, |routes| routes.route_layer(layer))
    }

    /// Adds where these clients exchange an API key for a request token.
    ///
    /// # Panics
    ///
    /// If a route is there already.
    ///
    /// # Errors
    ///
    /// If the description is no JSON object, which a test would show.
    pub fn key_exchange(self, keys: &KeyIntake, clients: Vec<String>) -> serde_json::Result<Self> {
        let routes = api_key::exchanging(keys.clone(), clients);
        self.add(routes, |routes| routes).described(API_KEY_PATHS)
    }

    /// Lets these proxies ask about requests with API keys: at `/authorize/` and the rule's name.
    ///
    /// # Errors
    ///
    /// If the description is no JSON object, which a test would show.
    ///
    /// # Panics
    ///
    /// If two rules have one name.
    pub fn forward_api_keys(
        self,
        keys: &KeyIntake,
        proxies: &[IpNet],
        rules: Vec<KeyRule>,
    ) -> serde_json::Result<Self> {
        if rules.is_empty() {
            return Ok(self);
        }
        let routes = self.routes.merge(api_key_forward::router(keys, proxies, rules));
        Self { routes, ..self }.described(FORWARD_PATHS)
    }

    /// Adds the OAuth mediator: where browsers come through, and where devices of its clients get tokens. A request for those takes an
    /// assertion with a challenge, or a session token in this header where one is named.
    ///
    /// # Panics
    ///
    /// If a route is there already.
    ///
    /// # Errors
    ///
    /// If the description is no JSON object, which a test would show.
    pub fn mediator(self, mediator: Arc<Mediator>, tokens: Option<HeaderName>) -> serde_json::Result<Self> {
        let (browsing, granting) =
            (mediator::browsing(Arc::clone(&mediator)), mediator::granting(Arc::clone(&mediator)));
        let (gate, intake, applications) = (Arc::clone(&self.gate), self.intake.clone(), mediator.applications());
        let access = Access::new(applications.clone(), Freshness::Challenge);
        let layer = require_assertion(Arc::clone(&gate), intake.clone(), access);
        let granting = granting.route_layer(layer);
        let granting = match tokens {
            Some(header) => {
                let tokens = TokenProtection::new(gate, intake.clone(), header, applications);
                let admission = Admission { mediator, intake, tokens };
                granting.route_layer(from_fn_with_state(admission, mediator::grant_by_token))
            }
            None => granting,
        };
        self.add(granting, |routes| routes).open(browsing).described(MEDIATOR_PATHS)
    }

    /// Adds routes that anybody reaches. Their bodies are read within the same limits as those of protected ones.
    ///
    /// # Panics
    ///
    /// If a route is there already.
    #[must_use]
    pub fn open(self, routes: Router) -> Self {
        let layer = from_fn_with_state(self.intake.clone(), intake::read_body);
        self.add(routes, |routes| routes.route_layer(layer))
    }

    fn add(self, routes: Router, layered: impl FnOnce(Router) -> Router) -> Self {
        let routes = routes.reset_fallback();
        // A layer on no routes is a mistake to axum.
        if !routes.has_routes() {
            return self;
        }
        Self { routes: self.routes.merge(layered(routes)), ..self }
    }

    /// Lets these proxies ask about the requests that they have: at `/authorize/` and the rule's name.
    ///
    /// # Errors
    ///
    /// If the description is no JSON object, which a test would show.
    ///
    /// # Panics
    ///
    /// If two rules have one name.
    pub fn forward_auth(self, proxies: &[IpNet], rules: Vec<ForwardRule>) -> serde_json::Result<Self> {
        if rules.is_empty() {
            return Ok(self);
        }
        let routes = self.routes.merge(forward::router(&self.gate, &self.intake, proxies, rules));
        Self { routes, ..self }.described(FORWARD_PATHS)
    }

    /// Adds paths to what `/openapi.json` describes: an object of the form of `paths` in `OpenAPI` 3.1, which may refer to
    /// `#/components/responses/Problem`.
    ///
    /// # Errors
    ///
    /// If the text is no JSON object.
    pub fn described(self, paths: &str) -> serde_json::Result<Self> {
        let mut interface: Value = serde_json::from_slice(&self.interface)?;
        let added: Map<String, Value> = serde_json::from_str(paths)?;
        if let Some(paths) = interface["paths"].as_object_mut() {
            paths.extend(added);
        }
        Ok(Self { interface: interface.to_string().into(), ..self })
    }

    /// The whole of it, for requests that come this way.
    pub fn router(self, origin: Arc<Origin>) -> Router {
        let proxies = origin.trusted_proxies.as_slice().into();
        let routes = with_fallbacks(self.routes, self.interface);
        let routes = routes.layer(from_fn_with_state(origin, Origin::check)).layer(from_fn(forward::for_proxies));
        observed(routes, Observer { gate: self.gate, tells: true, proxies })
    }
}

/// Everything that the operator reaches. The files of the page hold nothing, and are there for anybody. These proxies may name requests;
/// nobody is told what they came to.
pub fn operator(gate: &Arc<Gate>, access: OperatorAccess, proxies: &[IpNet]) -> Router {
    let interface = Bytes::from_static(OPERATOR_INTERFACE.as_bytes());
    let guard = Arc::new(Guard { gate: Arc::clone(gate), access });
    let routes = operators::router(Arc::clone(gate), Arc::clone(&guard)).merge(page::data(Arc::clone(gate)));
    let routes = with_fallbacks(routes, interface).layer(from_fn_with_state(guard, guard::guard));
    let observer = Observer { gate: Arc::clone(gate), tells: false, proxies: proxies.into() };
    observed(routes.merge(page::assets()), observer)
}

fn with_fallbacks(routes: Router, interface: Bytes) -> Router {
    let description = async move || ([(CONTENT_TYPE, "application/json")], interface).into_response();
    routes
        .route("/openapi.json", get(description))
        .method_not_allowed_fallback(async || Problem::from(Refusal::MethodUnknown))
        .fallback(async || Problem::from(Refusal::RouteUnknown))
}

fn observed(routes: Router, observer: Observer) -> Router {
    routes.layer(from_fn_with_state(observer, observe::observe))
}
