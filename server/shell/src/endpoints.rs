//! The public endpoints: one table that routes, and from which metadata and OpenAPI are made, so that they cannot lie.

use std::collections::HashMap;
use std::sync::Arc;

use claimsmith_protocol::error::ErrorCode;
use claimsmith_protocol::grant::GrantType;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
};
use http::header::{ACCESS_CONTROL_MAX_AGE, ALLOW, CONTENT_TYPE, ORIGIN, VARY};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::account::Place;
use crate::failure::Failure;
use crate::http::{Answer, Arrival, BodyLimit, Handler};
use crate::report::Report;
use crate::rooms::{Rooms, Settings};

mod account;
mod assets;
mod authorize;
mod backchannel_authentication;
mod challenge;
mod check_session;
mod device;
mod device_authorization;
mod discovery;
mod end_session;
mod health;
mod introspection;
mod jwks;
mod openapi;
mod par;
mod register;
mod revocation;
mod token;
mod userinfo;

pub use discovery::Document;
pub use token::serve as serve_tokens;

/// Who may read an endpoint's answers from a page of another origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cors {
    /// Any page: nothing there is anybody's secret.
    Anyone,
    /// Pages of the origins in `cors.allowed_origins`.
    Allowed,
    /// No page.
    Nobody,
}

/// One endpoint. Router, metadata, OpenAPI and tests read the same rows.
#[derive(Debug)]
pub struct Endpoint {
    /// Its name in `paths.aliases` and in logs.
    pub name: &'static str,
    /// Its path below the issuer; for well-known documents see `well_known`.
    pub path: &'static str,
    /// Its methods, with commas; HEAD comes with GET, OPTIONS with CORS.
    pub method: &'static str,
    /// The most bytes its body may have, whatever `limits.body_bytes` says.
    pub body_limit: usize,
    /// Who may read it from a page.
    pub cors: Cors,
    /// The metadata member that names its URL.
    pub metadata: Option<&'static str>,
    /// Whether clients authenticate there, as at the token endpoint.
    pub client_auth: bool,
    /// What it does, in one sentence, for OpenAPI.
    pub summary: &'static str,
    kind: Kind,
}

impl Endpoint {
    /// Its methods.
    pub fn methods(&self) -> impl Iterator<Item = &'static str> {
        self.method.split(", ")
    }

    /// Whether certificates of clients count there: of who authenticates, or of who uses a token that is bound to one (RFC 8705 §5).
    pub fn reads_certificates(&self) -> bool {
        self.client_auth || self.kind == Kind::Userinfo
    }

    /// Whether settings let it be there.
    pub fn is_served(&self, settings: &Settings) -> bool {
        match self.kind {
            Kind::Register | Kind::RegisteredClient => settings.registration.is_on(),
            Kind::BackchannelAuthentication | Kind::Account(Place::Requests) => settings.grants.contains(&GrantType::Ciba),
            Kind::Challenge => settings.attestation.is_on,
            Kind::DeviceAuthorization | Kind::Device => settings.grants.contains(&GrantType::DeviceCode),
            _ => true,
        }
    }

    fn takes_json(&self) -> bool {
        matches!(self.kind, Kind::Register | Kind::RegisteredClient)
    }

    fn takes(&self, method: &Method) -> bool {
        self.methods().any(|own| own == method.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Token,
    Introspection,
    Revocation,
    Jwks,
    Discovery,
    OpenApi,
    Live,
    Ready,
    Asset,
    Account(Place),
    Authorize,
    FlowPage,
    UpstreamReturn,
    EndSession,
    Challenge,
    CheckSession,
    Userinfo,
    Par,
    BackchannelAuthentication,
    DeviceAuthorization,
    Device,
    Register,
    RegisteredClient,
}

/// The most bytes of a form that `limits.body_bytes` can allow.
pub const FORM_LIMIT: usize = 1 << 20;

/// Every public endpoint.
pub const ENDPOINTS: &[&Endpoint] = &[
    &token::ENDPOINT,
    &introspection::ENDPOINT,
    &revocation::ENDPOINT,
    &jwks::ENDPOINT,
    &discovery::OPENID,
    &discovery::OAUTH,
    &openapi::ENDPOINT,
    &health::LIVE,
    &health::READY,
    &assets::ENDPOINT,
    &userinfo::ENDPOINT,
    &par::ENDPOINT,
    &backchannel_authentication::ENDPOINT,
    &device_authorization::ENDPOINT,
    &device::ENDPOINT,
    &register::ENDPOINT,
    &register::MANAGEMENT,
    &authorize::ENDPOINT,
    &authorize::SIGN_IN,
    &authorize::CONSENT,
    &authorize::UPSTREAM,
    &end_session::ENDPOINT,
    &challenge::ENDPOINT,
    &check_session::ENDPOINT,
    &account::OVERVIEW,
    &account::SESSIONS,
    &account::APPS,
    &account::REQUESTS,
    &account::PASSWORD,
    &account::PASSKEYS,
    &account::AUTHENTICATOR,
    &account::RECOVERY_CODES,
];

/// The public endpoints as the hall calls them.
#[derive(Clone)]
pub struct Public {
    rooms: Arc<Rooms>,
    routes: Arc<HashMap<Box<str>, &'static Endpoint>>,
}

impl Public {
    /// Routes every endpoint below the issuer's path, and its aliases where they are.
    pub fn new(rooms: Arc<Rooms>) -> Self {
        let base = rooms.urls.path().to_owned();
        let mut routes = HashMap::new();
        for &endpoint in ENDPOINTS {
            routes.insert(path_of(endpoint, &base).into_boxed_str(), endpoint);
            for alias in rooms.settings.aliases.get(endpoint.name).into_iter().flatten() {
                routes.insert(alias.as_str().into(), endpoint);
            }
        }
        Self { rooms, routes: Arc::new(routes) }
    }

    /// The endpoint at a path; those of assets and of registered clients serve everything one level below.
    fn at(&self, path: &str) -> Option<&'static Endpoint> {
        let known = self.routes.get(path).copied().filter(|endpoint| !matches!(endpoint.kind, Kind::Asset | Kind::RegisteredClient));
        let found = known.or_else(|| {
            let folder = path.rsplit_once('/').map(|(folder, _)| folder)?;
            match self.routes.get(folder).copied()?.kind {
                Kind::Asset => self.routes.get(folder).copied(),
                Kind::Register => Some(&register::MANAGEMENT),
                _ => None,
            }
        });
        found.filter(|endpoint| endpoint.is_served(&self.rooms.settings))
    }

    fn cors(&self, endpoint: &Endpoint, headers: &HeaderMap, mut answer: Answer) -> Answer {
        let allowed = match (endpoint.cors, headers.get(ORIGIN)) {
            (Cors::Anyone, _) => HeaderValue::from_static("*"),
            (Cors::Allowed, Some(origin))
                if self.rooms.settings.allowed_origins.iter().any(|held| held.as_bytes() == origin.as_bytes()) =>
            {
                origin.clone()
            }
            _ => return answer,
        };
        if endpoint.cors == Cors::Allowed {
            answer.headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        answer.with(ACCESS_CONTROL_ALLOW_ORIGIN, allowed).with(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("WWW-Authenticate, DPoP-Nonce, OAuth-Client-Attestation-Challenge"),
        )
    }
}

/// Where an endpoint is: below the issuer's path; RFC 8414 §3 puts its document before it.
pub fn path_of(endpoint: &Endpoint, base: &str) -> String {
    match endpoint.kind {
        Kind::Discovery if endpoint.name == discovery::OAUTH.name => format!("{}{base}", endpoint.path),
        Kind::Live | Kind::Ready | Kind::OpenApi => endpoint.path.to_owned(),
        _ => format!("{base}{}", endpoint.path),
    }
}

fn preflight(endpoint: &Endpoint) -> Answer {
    let methods = HeaderValue::from_static(endpoint.method);
    Answer::empty(StatusCode::NO_CONTENT)
        .with(ACCESS_CONTROL_ALLOW_METHODS, methods)
        .with(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("Authorization, Content-Type, DPoP, OAuth-Client-Attestation, OAuth-Client-Attestation-PoP"),
        )
        .with(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"))
}

fn allowed_methods(endpoint: &Endpoint) -> HeaderValue {
    HeaderValue::from_static(match (endpoint.method, endpoint.cors) {
        ("GET", _) => "GET, HEAD, OPTIONS",
        ("GET, POST", Cors::Nobody) => "GET, HEAD, POST",
        ("GET, POST", _) => "GET, HEAD, POST, OPTIONS",
        ("GET, PUT, DELETE", _) => "GET, HEAD, PUT, DELETE",
        (_, Cors::Nobody) => "POST",
        _ => "POST, OPTIONS",
    })
}

/// `application/x-www-form-urlencoded`, with or without parameters (RFC 6749 App. B).
fn is_form(headers: &HeaderMap) -> bool {
    is_of(headers, "application/x-www-form-urlencoded")
}

/// `application/json` (RFC 7591 §3.1).
fn is_json(headers: &HeaderMap) -> bool {
    is_of(headers, "application/json")
}

fn is_of(headers: &HeaderMap, wanted: &str) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = value.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(wanted)
}

/// Walks a request through an endpoint whose every answer is counted, timed and logged.
async fn reported(endpoint: &Endpoint, rooms: &Rooms, arrival: &Arrival) -> Answer {
    let mut report = Report::begin(endpoint.name, arrival);
    let walked = match endpoint.kind {
        Kind::Introspection => introspection::walk(rooms, arrival, &mut report).await,
        Kind::Userinfo => userinfo::walk(rooms, arrival, &mut report).await,
        Kind::Par => par::walk(rooms, arrival, &mut report).await,
        Kind::BackchannelAuthentication => backchannel_authentication::walk(rooms, arrival, &mut report).await,
        Kind::DeviceAuthorization => device_authorization::walk(rooms, arrival, &mut report).await,
        Kind::Register => register::walk(rooms, arrival, &mut report).await,
        Kind::RegisteredClient => register::manage(rooms, arrival, &mut report).await,
        Kind::Revocation => revocation::walk(rooms, arrival, &mut report).await,
        _ => token::walk(rooms, arrival, &mut report).await,
    };
    let denied = matches!(&walked, Err(failure) if failure.code() == ErrorCode::AccessDenied);
    let mut answer = report.finish(rooms, arrival, walked).await;
    if denied && endpoint.kind == Kind::BackchannelAuthentication {
        // OpenID Connect CIBA §13.
        answer.status = StatusCode::FORBIDDEN;
    }
    answer
}

impl Handler for Public {
    fn admit(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<BodyLimit, Answer> {
        let Some(endpoint) = self.at(path) else {
            return Err(Answer::refusal(StatusCode::NOT_FOUND, "invalid_request", "there is nothing at this path"));
        };
        let preflight = method == Method::OPTIONS && endpoint.cors != Cors::Nobody;
        if !endpoint.takes(method) && !preflight {
            let refusal = Answer::refusal(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "the method is not allowed here");
            return Err(self.cors(endpoint, headers, refusal.with(ALLOW, allowed_methods(endpoint))));
        }
        // UserInfo is asked by a bare POST as well (OpenID Connect Core §5.3.1), and a challenge needs no words.
        let bare = matches!(endpoint.kind, Kind::Userinfo | Kind::Challenge) && !headers.contains_key(CONTENT_TYPE);
        if endpoint.takes_json() && matches!(*method, Method::POST | Method::PUT) && !is_json(headers) {
            return Err(self.cors(endpoint, headers, Failure::from(register::wants_json()).answer(false)));
        }
        if method == Method::POST && !bare && !endpoint.takes_json() && !is_form(headers) {
            let refusal = Answer::refusal(StatusCode::BAD_REQUEST, "invalid_request", "the body must be application/x-www-form-urlencoded");
            return Err(self.cors(endpoint, headers, refusal));
        }
        Ok(BodyLimit(endpoint.body_limit.min(self.rooms.settings.body_bytes_max)))
    }

    async fn call(&self, arrival: Arrival) -> Answer {
        let Some(endpoint) = self.at(arrival.path()) else { return Answer::empty(StatusCode::NOT_FOUND) };
        if arrival.method == Method::OPTIONS {
            return self.cors(endpoint, &arrival.headers, preflight(endpoint));
        }
        let rooms = self.rooms.as_ref();
        let answer = match endpoint.kind {
            Kind::Token
            | Kind::Introspection
            | Kind::Revocation
            | Kind::Userinfo
            | Kind::Par
            | Kind::BackchannelAuthentication
            | Kind::DeviceAuthorization
            | Kind::Register
            | Kind::RegisteredClient => reported(endpoint, rooms, &arrival).await,
            Kind::Challenge => challenge::handle(rooms),
            Kind::Device => device::handle(rooms, &arrival).await,
            Kind::Jwks => jwks::handle(rooms, &arrival),
            Kind::Discovery => discovery::handle(rooms, &arrival),
            Kind::OpenApi => openapi::handle(rooms),
            Kind::Live => health::live(),
            Kind::Ready => health::ready(rooms),
            Kind::Asset => assets::handle(rooms, &arrival),
            Kind::Authorize => authorize::handle(rooms, &arrival).await,
            Kind::FlowPage => authorize::page(endpoint, rooms, &arrival).await,
            Kind::UpstreamReturn => authorize::upstream(rooms, &arrival).await,
            Kind::Account(place) => account::handle(place, endpoint, rooms, &arrival).await,
            Kind::EndSession => end_session::handle(rooms, &arrival).await,
            Kind::CheckSession => check_session::handle(rooms),
        };
        self.cors(endpoint, &arrival.headers, answer)
    }
}
