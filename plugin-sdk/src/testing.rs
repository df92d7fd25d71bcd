//! Testing a plugin natively, without a sandbox: `cargo test` is all it takes.
//!
//! [`ContextBuilder`] and the draft builders make what a hook is called with; [`run_fixtures`] plays the fixtures that the
//! plugin carries in its manifest. Their defaults are those of a fixture (`FIXTURES.md` of the SDK).

mod builders;
mod fixture;
mod play;

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::wire::types::Context as Record;
use crate::{
    AuthenticationDraft, AuthorizationDetailsDraft, BackchannelNotificationDraft, ClientAuthenticationDraft, ClientRegistrationDraft,
    ConsentDraft, Context, Edit, IdTokenDraft, IntrospectionDraft, JwtBearerDraft, Member, PasswordDraft, PostAuthenticationDraft,
    RefreshTokenDraft, Refusal, ResponseDraft, RevocationDraft, ScopeDraft, SignedIn, TokenDraft, TokenExchangeDraft,
    TransactionTokenDraft, UserinfoDraft, Value,
};

pub use builders::{
    AuthenticationBuilder, AuthorizationDetailsBuilder, BackchannelNotificationBuilder, ClientAuthenticationBuilder,
    ClientRegistrationBuilder, ConsentBuilder, DraftBuilder, IdTokenBuilder, IntrospectionBuilder, JwtBearerBuilder, PasswordBuilder,
    PostAuthenticationBuilder, RefreshTokenBuilder, ResponseBuilder, RevocationBuilder, ScopeBuilder, TokenExchangeBuilder,
    TransactionTokenBuilder, UserinfoBuilder,
};
pub use play::{manifest, run_fixtures};

/// What a hook answers.
pub type Answer = Result<Vec<Edit>, Refusal>;

/// The draft of any hook.
#[derive(Debug)]
pub enum Draft {
    /// Of `access_token`.
    AccessToken(TokenDraft),
    /// Of `token_response`.
    TokenResponse(ResponseDraft),
    /// Of `introspection`.
    Introspection(IntrospectionDraft),
    /// Of `id_token`.
    IdToken(IdTokenDraft),
    /// Of `refresh_token`.
    RefreshToken(RefreshTokenDraft),
    /// Of `userinfo`.
    Userinfo(UserinfoDraft),
    /// Of `authentication`.
    Authentication(AuthenticationDraft),
    /// Of `post_authentication`.
    PostAuthentication(PostAuthenticationDraft),
    /// Of `consent`.
    Consent(ConsentDraft),
    /// Of `scope`.
    Scope(ScopeDraft),
    /// Of `authorization_details`.
    AuthorizationDetails(AuthorizationDetailsDraft),
    /// Of `password`.
    Password(PasswordDraft),
    /// Of `token_exchange`.
    TokenExchange(TokenExchangeDraft),
    /// Of `jwt_bearer`.
    JwtBearer(JwtBearerDraft),
    /// Of `transaction_token`.
    TransactionToken(TransactionTokenDraft),
    /// Of `client_authentication`.
    ClientAuthentication(ClientAuthenticationDraft),
    /// Of `client_registration`.
    ClientRegistration(ClientRegistrationDraft),
    /// Of `backchannel_notification`.
    BackchannelNotification(BackchannelNotificationDraft),
    /// Of `revocation`.
    Revocation(RevocationDraft),
}

/// A plugin as tests see it. The attribute [`plugin`](crate::plugin) implements it; a hook that is not written is `None`.
pub trait Plugin {
    /// The manifest that the component carries, a JSON document.
    const MANIFEST: &'static str;

    /// Calls the hook that the draft belongs to; `None` where the plugin does not have it.
    fn call(context: &Context, draft: &Draft) -> Option<Answer>;
}

/// What the server answers to a plugin's questions, kept beside the context where there is no server.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) remaining_milliseconds: u32,
    pub(crate) user_id: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) user: Vec<Member>,
    pub(crate) signed_in: SignedIn,
    pub(crate) session_attributes: Vec<Member>,
    pub(crate) grant_attributes: Vec<Member>,
    pub(crate) authorization_details: String,
    pub(crate) actors: Vec<String>,
    pub(crate) confirmation: Option<String>,
    next_byte: Cell<u8>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            parameters: BTreeMap::new(),
            headers: BTreeMap::new(),
            remaining_milliseconds: 50,
            user_id: None,
            username: None,
            user: Vec::new(),
            signed_in: SignedIn { authenticated_at: None, acr: None, amr: Vec::new(), session_id: None },
            session_attributes: Vec::new(),
            grant_attributes: Vec::new(),
            authorization_details: "[]".to_owned(),
            actors: Vec::new(),
            confirmation: None,
            next_byte: Cell::new(0),
        }
    }
}

impl Surroundings {
    /// How the person signed in; there is a person where anything is said of one.
    pub(crate) fn signed_in(&self) -> Option<SignedIn> {
        let nobody = SignedIn { authenticated_at: None, acr: None, amr: Vec::new(), session_id: None };
        let is_somebody = self.signed_in != nobody
            || self.user_id.is_some()
            || self.username.is_some()
            || !self.user.is_empty()
            || !self.session_attributes.is_empty();
        is_somebody.then(|| self.signed_in.clone())
    }

    /// "Random" bytes: 0, 1, 2, … going on where the last call ended.
    pub(crate) fn count_up(&self, length: u32) -> Vec<u8> {
        (0..length).map(|_| self.next_byte.replace(self.next_byte.get().wrapping_add(1))).collect()
    }
}

/// The value of that name.
pub(crate) fn find(members: &[Member], name: &str) -> Option<Value> {
    members.iter().find(|member| member.name == name).map(|member| member.value.clone())
}

fn member(name: impl Into<String>, value: impl Into<Value>) -> Member {
    Member { name: name.into(), value: value.into() }
}

/// Makes a [`Context`]: `ContextBuilder::new().client("acme").tag("gold").build()`.
#[derive(Debug)]
pub struct ContextBuilder {
    record: Record,
    surroundings: Surroundings,
}

impl Default for ContextBuilder {
    fn default() -> Self {
        Self {
            record: Record {
                client_id: "client".to_owned(),
                client_tags: Vec::new(),
                client_metadata: "{}".to_owned(),
                grant_type: "client_credentials".to_owned(),
                refresh: false,
                requested_scopes: Vec::new(),
                requested_resources: Vec::new(),
                subject: None,
                configuration: "{}".to_owned(),
                now: 1_767_225_600,
            },
            surroundings: Surroundings::default(),
        }
    }
}

impl ContextBuilder {
    /// A client named `client` with no tags and no metadata, at 2026-01-01T00:00:00Z, with the configuration `{}`.
    pub fn new() -> Self {
        Self::default()
    }

    /// The client's identifier.
    #[must_use]
    pub fn client(mut self, client_id: impl Into<String>) -> Self {
        self.record.client_id = client_id.into();
        self
    }

    /// One more tag on the client.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.record.client_tags.push(tag.into());
        self
    }

    /// The client's custom metadata, a JSON object.
    #[must_use]
    pub fn client_metadata(mut self, metadata: &serde_json::Value) -> Self {
        self.record.client_metadata = metadata.to_string();
        self
    }

    /// The `grant_type` of the request.
    #[must_use]
    pub fn grant_type(mut self, grant_type: impl Into<String>) -> Self {
        self.record.grant_type = grant_type.into();
        self
    }

    /// Makes this a refresh of an earlier grant.
    #[must_use]
    pub fn refresh(mut self) -> Self {
        self.record.refresh = true;
        self
    }

    /// What the client asked for.
    #[must_use]
    pub fn requested_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.record.requested_scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The `resource` values the client asked for.
    #[must_use]
    pub fn requested_resources<S: Into<String>>(mut self, resources: impl IntoIterator<Item = S>) -> Self {
        self.record.requested_resources = resources.into_iter().map(Into::into).collect();
        self
    }

    /// The subject of the token.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.record.subject = Some(subject.into());
        self
    }

    /// The binding's configuration. It is not checked against the schema here, only at upload and when a binding is saved.
    #[must_use]
    pub fn configuration(mut self, configuration: &serde_json::Value) -> Self {
        self.record.configuration = configuration.to_string();
        self
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn now(mut self, now: u64) -> Self {
        self.record.now = now;
        self
    }

    /// A form parameter of the request.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.surroundings.parameters.insert(name.into(), value.into());
        self
    }

    /// A header of the request, by its lower-case name.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.surroundings.headers.insert(name.into(), value.into());
        self
    }

    /// The user's identifier.
    #[must_use]
    pub fn user_id(mut self, id: impl Into<String>) -> Self {
        self.surroundings.user_id = Some(id.into());
        self
    }

    /// The name the user signs in with.
    #[must_use]
    pub fn username(mut self, name: impl Into<String>) -> Self {
        self.surroundings.username = Some(name.into());
        self
    }

    /// A claim or attribute of the user. A test has no permissions: what is named here is what the binding permits.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.surroundings.user.push(member(name, value));
        self
    }

    /// When the person signed in, in seconds, the authentication context class they reached, and the methods they used.
    #[must_use]
    pub fn signed_in(mut self, at: u64, acr: Option<&str>, amr: &[&str]) -> Self {
        let facts = &mut self.surroundings.signed_in;
        facts.authenticated_at = Some(at);
        facts.acr = acr.map(str::to_owned);
        facts.amr = amr.iter().map(|&method| method.to_owned()).collect();
        self
    }

    /// The session, as clients know it.
    #[must_use]
    pub fn session(mut self, id: impl Into<String>) -> Self {
        self.surroundings.signed_in.session_id = Some(id.into());
        self
    }

    /// Something a plugin remembered with the session.
    #[must_use]
    pub fn session_attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.surroundings.session_attributes.push(member(name, value));
        self
    }

    /// Something a plugin remembered with the grant.
    #[must_use]
    pub fn grant_attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.surroundings.grant_attributes.push(member(name, value));
        self
    }

    /// The authorization details of the grant or request, a JSON array.
    #[must_use]
    pub fn authorization_details(mut self, details: &serde_json::Value) -> Self {
        self.surroundings.authorization_details = details.to_string();
        self
    }

    /// One more who acts for the subject, the latest first.
    #[must_use]
    pub fn actor(mut self, actor: impl Into<String>) -> Self {
        self.surroundings.actors.push(actor.into());
        self
    }

    /// What the sender of the token must prove, a JSON object.
    #[must_use]
    pub fn confirmation(mut self, confirmation: &serde_json::Value) -> Self {
        self.surroundings.confirmation = Some(confirmation.to_string());
        self
    }

    /// Milliseconds left before the call is ended.
    #[must_use]
    pub fn remaining_milliseconds(mut self, milliseconds: u32) -> Self {
        self.surroundings.remaining_milliseconds = milliseconds;
        self
    }

    /// The context.
    pub fn build(self) -> Context {
        let mut context = Context::new(self.record);
        context.surroundings = self.surroundings;
        context
    }
}
