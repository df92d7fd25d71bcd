//! The authorization endpoint: what a request asks for ([`check`], a matrix), and what comes next for the person ([`next`]).

mod checks;
mod next;

use claimsmith_protocol::authorize::{Challenge, ClaimsRequest, Parameters, Prompt};
use claimsmith_protocol::error::Refusal;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::redirect::Vetted;
use claimsmith_protocol::response::{ResponseMode, ResponseType};
use claimsmith_protocol::scope::ScopeSet;

pub use checks::{Asking, Column, Object, REPEATABLE, check, return_address};
pub use next::{Consent, Hint, Missing, Person, Standing, Step, needs_consent, next};

/// Where an authorization response goes. Only what was vetted can be one.
#[derive(Debug, Clone)]
pub struct ReturnAddress {
    /// Whose it is.
    pub client_id: ClientId,
    /// The client's own redirect URI.
    pub redirect_uri: Vetted,
    /// How the response travels.
    pub mode: ResponseMode,
    /// `state`, to be handed back as it came.
    pub state: Option<Box<str>>,
    /// The grant that a device, or a client at the backchannel, waits for: then nothing goes through the browser.
    pub device: Option<GrantId>,
}

impl ReturnAddress {
    /// A device that waits: the browser stays here.
    pub fn device(client_id: ClientId, grant: GrantId) -> Self {
        let mode = ResponseMode::default_of(ResponseType::Code);
        Self { client_id, redirect_uri: Vetted::from_records("about:blank".into()), mode, state: None, device: Some(grant) }
    }
}

/// A refusal of the authorization endpoint: whether it may travel is part of its type.
#[derive(Debug)]
pub enum AuthorizeRefusal {
    /// Shown to the person: nobody has vetted a place to send it to (RFC 6749 §4.1.2.1, RFC 9700 §4.11.2).
    Page(Refusal),
    /// Sent to the client.
    Returned(Refusal, Box<ReturnAddress>),
}

impl AuthorizeRefusal {
    /// The refusal itself, owned.
    pub fn into_refusal(self) -> Refusal {
        match self {
            Self::Page(refusal) | Self::Returned(refusal, _) => refusal,
        }
    }

    /// The refusal itself.
    pub const fn refusal(&self) -> &Refusal {
        match self {
            Self::Page(refusal) | Self::Returned(refusal, _) => refusal,
        }
    }
}

/// A request to the authorization endpoint that is in order.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Where the answer goes.
    pub to: ReturnAddress,
    /// Whether the request named the redirect URI; then the token request has to (RFC 6749 §4.1.3).
    pub redirect_uri_named: bool,
    /// What the answer is made of.
    pub response_type: ResponseType,
    /// The scopes asked for.
    pub scopes: ScopeSet,
    /// The resources asked for.
    pub resources: Vec<Box<str>>,
    /// PKCE.
    pub challenge: Option<Challenge>,
    /// `nonce`, to be handed back in ID tokens.
    pub nonce: Option<Box<str>>,
    /// What the person is to be asked.
    pub prompt: Prompt,
    /// The longest time since the sign-in, seconds.
    pub max_age: Option<u32>,
    /// Whether the request itself said so; then ID tokens say when the sign-in was.
    pub max_age_asked: bool,
    /// Authentication context classes, the preferred one first.
    pub acr_values: Vec<Box<str>>,
    /// Whether one of them is a must (OpenID Connect Core §5.5.1.1).
    pub acr_essential: bool,
    /// Claims asked for by name.
    pub claims: ClaimsRequest,
    /// The text of `claims`.
    pub claims_text: Option<Box<str>>,
    /// `id_token_hint`, unread.
    pub id_token_hint: Option<Box<str>>,
    /// `login_hint`.
    pub login_hint: Option<Box<str>>,
    /// `ui_locales`.
    pub ui_locales: Option<Box<str>>,
    /// The key that the code is bound to (RFC 9449 §10).
    pub dpop_jkt: Option<Box<str>>,
    /// `authorization_details`, a JSON array.
    pub details: Option<Box<str>>,
}

impl Asked {
    /// A request for nothing, to be answered there.
    pub fn of(to: ReturnAddress, response_type: ResponseType) -> Self {
        Self {
            to,
            redirect_uri_named: false,
            response_type,
            scopes: ScopeSet::default(),
            resources: Vec::new(),
            challenge: None,
            nonce: None,
            prompt: Prompt::default(),
            max_age: None,
            max_age_asked: false,
            acr_values: Vec::new(),
            acr_essential: false,
            claims: ClaimsRequest::default(),
            claims_text: None,
            id_token_hint: None,
            login_hint: None,
            ui_locales: None,
            dpop_jkt: None,
            details: None,
        }
    }
}

impl Asked {
    /// Whether this is OpenID Connect: with the scope `openid`.
    pub fn is_openid(&self) -> bool {
        self.scopes.contains("openid")
    }

    /// The user that an ID token must be about, where the client says so (OpenID Connect Core §5.5.1).
    pub fn wants_subject(&self) -> Option<&str> {
        self.claims.of_id_token("sub")?.values.first()?.as_str()
    }
}

/// A request whose redirect URI cannot be judged, because its client cannot.
pub const fn page(refusal: Refusal) -> AuthorizeRefusal {
    AuthorizeRefusal::Page(refusal)
}

/// What an authorization request may say in its URL when what it asks for stands elsewhere: in an object or a pushed request.
pub fn outer(parameters: &Parameters) -> Parameters {
    parameters.only(&["client_id", "request", "request_uri"])
}
