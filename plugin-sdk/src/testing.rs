//! Testing a plugin natively, without a sandbox: `cargo test` is all it takes.
//!
//! [`ContextBuilder`] and the draft builders make what a hook is called with; [`run_fixtures`] plays the fixtures that the
//! plugin carries in its manifest. Their defaults are those of a fixture (`FIXTURES.md` of the SDK).

mod fixture;
mod play;

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::wire::types::Context as Record;
use crate::{Context, Edits, IntrospectionDraft, Member, Refusal, ResponseDraft, TokenDraft, Value};

pub use play::{manifest, run_fixtures};

/// What a hook answers.
pub type Answer = Result<Edits, Refusal>;

/// A plugin as tests see it. The attribute [`plugin`](crate::plugin) implements it; a hook that is not written is `None`.
pub trait Plugin {
    /// The manifest that the component carries, a JSON document.
    const MANIFEST: &'static str;

    /// Calls the hook `access_token`.
    fn call_access_token(_: &Context, _: &TokenDraft) -> Option<Answer> {
        None
    }

    /// Calls the hook `token_response`.
    fn call_token_response(_: &Context, _: &ResponseDraft) -> Option<Answer> {
        None
    }

    /// Calls the hook `introspection`.
    fn call_introspection(_: &Context, _: &IntrospectionDraft) -> Option<Answer> {
        None
    }
}

/// What the server answers to a plugin's questions, kept beside the context where there is no server.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) remaining_milliseconds: u32,
    next_byte: Cell<u8>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self { parameters: BTreeMap::new(), headers: BTreeMap::new(), remaining_milliseconds: 50, next_byte: Cell::new(0) }
    }
}

impl Surroundings {
    /// "Random" bytes: 0, 1, 2, … going on where the last call ended.
    pub(crate) fn count_up(&self, length: u32) -> Vec<u8> {
        (0..length).map(|_| self.next_byte.replace(self.next_byte.get().wrapping_add(1))).collect()
    }
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

/// Makes a [`TokenDraft`]: `DraftBuilder::new().claim("sub", "alice").scopes(["read"]).build()`.
#[derive(Debug)]
pub struct DraftBuilder(TokenDraft);

impl Default for DraftBuilder {
    fn default() -> Self {
        Self(TokenDraft { claims: Vec::new(), scopes: Vec::new(), audience: Vec::new(), lifetime: 3600 })
    }
}

impl DraftBuilder {
    /// A token for an hour, without claims, scopes or audience.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more claim.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.claims.push(Member { name: name.into(), value: value.into() });
        self
    }

    /// The granted scopes.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.0.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The audience.
    #[must_use]
    pub fn audience<S: Into<String>>(mut self, audience: impl IntoIterator<Item = S>) -> Self {
        self.0.audience = audience.into_iter().map(Into::into).collect();
        self
    }

    /// Seconds from issue to expiry.
    #[must_use]
    pub fn lifetime(mut self, seconds: u32) -> Self {
        self.0.lifetime = seconds;
        self
    }

    /// The draft.
    pub fn build(self) -> TokenDraft {
        self.0
    }
}

/// Makes a [`ResponseDraft`]: `ResponseBuilder::new().member("token_type", "Bearer").build()`.
#[derive(Debug, Default)]
pub struct ResponseBuilder(Vec<Member>);

impl ResponseBuilder {
    /// A response without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more member.
    #[must_use]
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.push(Member { name: name.into(), value: value.into() });
        self
    }

    /// The draft.
    pub fn build(self) -> ResponseDraft {
        ResponseDraft { members: self.0 }
    }
}

/// Makes an [`IntrospectionDraft`]: `IntrospectionBuilder::new("gateway").member("active", true).build()`.
#[derive(Debug)]
pub struct IntrospectionBuilder(IntrospectionDraft);

impl IntrospectionBuilder {
    /// An answer without members for this caller.
    pub fn new(caller: impl Into<String>) -> Self {
        Self(IntrospectionDraft { members: Vec::new(), caller: caller.into() })
    }

    /// One more member.
    #[must_use]
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.members.push(Member { name: name.into(), value: value.into() });
        self
    }

    /// The draft.
    pub fn build(self) -> IntrospectionDraft {
        self.0
    }
}
