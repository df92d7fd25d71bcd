//! A fixture as it is written in JSON. `FIXTURES.md` is its description.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::{ContextBuilder, DraftBuilder, IntrospectionBuilder, ResponseBuilder};
use crate::{Context, Edit, IntrospectionDraft, Member, ResponseDraft, TokenDraft, Value};

/// One call and the answer it must give.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fixture {
    pub(super) name: String,
    pub(super) hook: Hook,
    #[serde(default)]
    context: FixtureContext,
    draft: Option<serde_json::Value>,
    pub(super) expect: Expectation,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Hook {
    AccessToken,
    TokenResponse,
    Introspection,
}

impl fmt::Display for Hook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::AccessToken => "access_token",
            Self::TokenResponse => "token_response",
            Self::Introspection => "introspection",
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Expectation {
    Edits(Vec<FixtureEdit>),
    Refusal(FixtureRefusal),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FixtureRefusal {
    pub(super) code: String,
    pub(super) reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FixtureEdit {
    SetClaim(FixtureMember),
    RemoveClaim(String),
    SetHeader(FixtureMember),
    SetScopes(Vec<String>),
    SetAudience(Vec<String>),
    SetLifetime(u32),
    SetResponseMember(FixtureMember),
    OmitRefreshToken,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FixtureMember {
    name: String,
    value: serde_json::Value,
}

impl FixtureMember {
    fn matches(&self, member: &Member) -> bool {
        self.name == member.name && self.value == member.value.to_json()
    }
}

impl FixtureEdit {
    /// Whether the edit is this one, its value compared as JSON.
    pub(super) fn matches(&self, edit: &Edit) -> bool {
        match (self, edit) {
            (Self::SetClaim(expected), Edit::SetClaim(member))
            | (Self::SetHeader(expected), Edit::SetHeader(member))
            | (Self::SetResponseMember(expected), Edit::SetResponseMember(member)) => expected.matches(member),
            (Self::RemoveClaim(expected), Edit::RemoveClaim(name)) => expected == name,
            (Self::SetScopes(expected), Edit::SetScopes(texts)) | (Self::SetAudience(expected), Edit::SetAudience(texts)) => {
                expected == texts
            }
            (Self::SetLifetime(expected), Edit::SetLifetime(seconds)) => expected == seconds,
            (Self::OmitRefreshToken, Edit::OmitRefreshToken) => true,
            _ => false,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FixtureContext {
    client_id: Option<String>,
    client_tags: Vec<String>,
    client_metadata: Option<serde_json::Map<String, serde_json::Value>>,
    grant_type: Option<String>,
    refresh: bool,
    requested_scopes: Vec<String>,
    requested_resources: Vec<String>,
    subject: Option<String>,
    configuration: Option<serde_json::Value>,
    now: Option<u64>,
    parameters: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    remaining_milliseconds: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FixtureToken {
    claims: Members,
    scopes: Vec<String>,
    audience: Vec<String>,
    lifetime: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FixtureResponse {
    members: Members,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FixtureIntrospection {
    members: Members,
    caller: Option<String>,
}

impl Fixture {
    /// What the hook is called with first.
    pub(super) fn context(&self) -> Context {
        let form = &self.context;
        let mut builder =
            ContextBuilder::new().requested_scopes(form.requested_scopes.clone()).requested_resources(form.requested_resources.clone());
        builder = form.client_tags.iter().fold(builder, |builder, tag| builder.tag(tag));
        builder = form.parameters.iter().fold(builder, |builder, (name, value)| builder.parameter(name, value));
        builder = form.headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value));
        if let Some(client_id) = &form.client_id {
            builder = builder.client(client_id);
        }
        if let Some(metadata) = &form.client_metadata {
            builder = builder.client_metadata(&serde_json::Value::Object(metadata.clone()));
        }
        if let Some(grant_type) = &form.grant_type {
            builder = builder.grant_type(grant_type);
        }
        if form.refresh {
            builder = builder.refresh();
        }
        if let Some(subject) = &form.subject {
            builder = builder.subject(subject);
        }
        if let Some(configuration) = &form.configuration {
            builder = builder.configuration(configuration);
        }
        if let Some(now) = form.now {
            builder = builder.now(now);
        }
        if let Some(milliseconds) = form.remaining_milliseconds {
            builder = builder.remaining_milliseconds(milliseconds);
        }
        builder.build()
    }

    /// The draft of an access token.
    pub(super) fn token(&self) -> Result<TokenDraft, serde_json::Error> {
        let form: FixtureToken = self.draft()?;
        let mut draft = DraftBuilder::new().scopes(form.scopes).audience(form.audience).build();
        draft.claims = form.claims.0;
        draft.lifetime = form.lifetime.unwrap_or(draft.lifetime);
        Ok(draft)
    }

    /// The draft of a token endpoint response.
    pub(super) fn response(&self) -> Result<ResponseDraft, serde_json::Error> {
        let form: FixtureResponse = self.draft()?;
        let mut draft = ResponseBuilder::new().build();
        draft.members = form.members.0;
        Ok(draft)
    }

    /// The draft of an introspection response.
    pub(super) fn introspection(&self) -> Result<IntrospectionDraft, serde_json::Error> {
        let form: FixtureIntrospection = self.draft()?;
        let mut draft = IntrospectionBuilder::new(form.caller.as_deref().unwrap_or("resource-server")).build();
        draft.members = form.members.0;
        Ok(draft)
    }

    fn draft<T: Default + for<'text> Deserialize<'text>>(&self) -> Result<T, serde_json::Error> {
        self.draft.as_ref().map_or_else(|| Ok(T::default()), T::deserialize)
    }
}

/// The members of a JSON object, in the order in which they are written.
#[derive(Debug, Default)]
struct Members(Vec<Member>);

impl<'text> Deserialize<'text> for Members {
    fn deserialize<D: Deserializer<'text>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'text> Visitor<'text> for Object {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'text>>(self, mut object: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = object.next_entry::<String, serde_json::Value>()? {
                    members.push(Member { name, value: Value::from(value) });
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
