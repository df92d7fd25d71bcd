//! A fixture as it is written in JSON. `FIXTURES.md` is its description.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::{ContextBuilder, Draft};
use crate::{
    AuthenticationDraft, AuthorizationDetailsDraft, BackchannelNotificationDraft, ClientAuthenticationDraft, ClientRegistrationDraft,
    ConsentDraft, Context, Edit, ExchangeMode, IdTokenDraft, IntrospectionDraft, JwtBearerDraft, Member, PasswordDraft, PasswordResult,
    PostAuthenticationDraft, RefreshTokenDraft, RegistrationAction, ResponseDraft, RevocationDraft, ScopeDraft, TokenDraft,
    TokenExchangeDraft, TransactionTokenDraft, UserinfoDraft, Value,
};

/// One call and the answer it must give.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fixture {
    pub(super) name: String,
    pub(super) hook: String,
    #[serde(default)]
    context: FixtureContext,
    draft: Option<serde_json::Value>,
    pub(super) expect: Expectation,
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
    SetAttribute(FixtureMember),
    RequireAcr(String),
    RequireFactor(String),
    SkipConsent,
    ShowText(FixtureText),
    SetAuthorizationDetails(serde_json::Value),
    SetUser(String),
    AddAmr(Vec<String>),
    SetExchangeMode(Mode),
    SetTransactionContext(FixtureMember),
    SetRequestContext(FixtureMember),
    SetMetadata(FixtureMember),
    RemoveMetadata(String),
    MarkNotified,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FixtureMember {
    name: String,
    value: serde_json::Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FixtureText {
    language: String,
    text: String,
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
            | (Self::SetAttribute(expected), Edit::SetAttribute(member))
            | (Self::SetTransactionContext(expected), Edit::SetTransactionContext(member))
            | (Self::SetRequestContext(expected), Edit::SetRequestContext(member))
            | (Self::SetMetadata(expected), Edit::SetMetadata(member))
            | (Self::SetResponseMember(expected), Edit::SetResponseMember(member)) => expected.matches(member),
            (Self::RemoveClaim(expected), Edit::RemoveClaim(name))
            | (Self::RequireAcr(expected), Edit::RequireAcr(name))
            | (Self::SetUser(expected), Edit::SetUser(name))
            | (Self::RemoveMetadata(expected), Edit::RemoveMetadata(name))
            | (Self::RequireFactor(expected), Edit::RequireFactor(name)) => expected == name,
            (Self::SetScopes(expected), Edit::SetScopes(texts))
            | (Self::AddAmr(expected), Edit::AddAmr(texts))
            | (Self::SetAudience(expected), Edit::SetAudience(texts)) => expected == texts,
            (Self::SetExchangeMode(expected), Edit::SetExchangeMode(mode)) => expected.0 == *mode,
            (Self::MarkNotified, Edit::MarkNotified) => true,
            (Self::SetLifetime(expected), Edit::SetLifetime(seconds)) => expected == seconds,
            (Self::OmitRefreshToken, Edit::OmitRefreshToken) | (Self::SkipConsent, Edit::SkipConsent) => true,
            (Self::ShowText(expected), Edit::ShowText(shown)) => (&expected.language, &expected.text) == (&shown.language, &shown.text),
            (Self::SetAuthorizationDetails(expected), Edit::SetAuthorizationDetails(details)) => {
                serde_json::from_str::<serde_json::Value>(details).is_ok_and(|details| details == *expected)
            }
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
    person: FixturePerson,
    grant: FixtureGrant,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FixturePerson {
    id: Option<String>,
    username: Option<String>,
    attributes: Members,
    authenticated_at: Option<u64>,
    acr: Option<String>,
    amr: Vec<String>,
    session_id: Option<String>,
    session_attributes: Members,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FixtureGrant {
    attributes: Members,
    authorization_details: Vec<serde_json::Value>,
    actors: Vec<String>,
    confirmation: Option<serde_json::Map<String, serde_json::Value>>,
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
        let mut context = builder.build();
        let (person, grant, known) = (&form.person, &form.grant, &mut context.surroundings);
        (known.user_id, known.username, known.user) = (person.id.clone(), person.username.clone(), person.attributes.0.clone());
        known.signed_in.authenticated_at = person.authenticated_at;
        known.signed_in.acr.clone_from(&person.acr);
        known.signed_in.amr.clone_from(&person.amr);
        known.signed_in.session_id.clone_from(&person.session_id);
        known.session_attributes.clone_from(&person.session_attributes.0);
        known.grant_attributes.clone_from(&grant.attributes.0);
        known.authorization_details = serde_json::Value::Array(grant.authorization_details.clone()).to_string();
        known.actors.clone_from(&grant.actors);
        known.confirmation = grant.confirmation.clone().map(|confirmation| serde_json::Value::Object(confirmation).to_string());
        context
    }

    /// The draft of its hook; `None` where there is no such hook.
    pub(super) fn draft(&self) -> Result<Option<Draft>, serde_json::Error> {
        drafted(&self.hook, self.draft.as_ref())
    }
}

/// What a member of a draft is in JSON, and what in the record.
trait Form: Default + for<'text> Deserialize<'text> {
    type Field;
    fn field(self) -> Self::Field;
}

macro_rules! forms {
    ($($(#[$about:meta])* $name:ident($inner:ty) = $default:expr => $field:ty: $of:expr;)*) => {
        $(
            $(#[$about])*
            #[derive(Debug, Deserialize)]
            #[serde(transparent)]
            struct $name($inner);

            impl Default for $name {
                fn default() -> Self {
                    Self($default)
                }
            }

            impl Form for $name {
                type Field = $field;
                fn field(self) -> $field {
                    $of(self.0)
                }
            }
        )*
    };
}

forms! {
    /// A lifetime, an hour where none is said.
    Seconds(u32) = 3600 => u32: std::convert::identity;
    /// Who asks at introspection.
    Caller(String) = "resource-server".to_owned() => String: std::convert::identity;
    /// The factor that was just verified.
    Factor(String) = "password".to_owned() => String: std::convert::identity;
    /// Authorization details, handed over as text.
    Details(Vec<serde_json::Value>) = Vec::new() => String: |details| serde_json::Value::Array(details).to_string();
    /// The name that a client sent.
    Name(String) = "alice".to_owned() => String: std::convert::identity;
    /// The type of a token.
    TokenType(String) = "urn:ietf:params:oauth:token-type:access_token".to_owned() => String: std::convert::identity;
    /// Who issued an assertion.
    Issuer(String) = "https://issuer.example".to_owned() => String: std::convert::identity;
    /// A method of client authentication.
    Method(String) = "client_secret_basic".to_owned() => String: std::convert::identity;
    /// The digest of a request.
    RequestDigest(String) = "digest".to_owned() => String: std::convert::identity;
    /// The kind of a token that is revoked.
    Revoked(String) = "access_token".to_owned() => String: std::convert::identity;
}

/// What is one of a few words.
macro_rules! words {
    ($($(#[$about:meta])* $name:ident($of:ident) = $default:ident: $($word:literal $case:ident)*;)*) => {
        $(
            $(#[$about])*
            #[derive(Debug)]
            pub(super) struct $name($of);

            impl<'text> Deserialize<'text> for $name {
                fn deserialize<D: Deserializer<'text>>(deserializer: D) -> Result<Self, D::Error> {
                    match String::deserialize(deserializer)?.as_str() {
                        $($word => Ok(Self($of::$case)),)*
                        other => Err(serde::de::Error::unknown_variant(other, &[$($word),*])),
                    }
                }
            }

            impl Default for $name {
                fn default() -> Self {
                    Self($of::$default)
                }
            }

            impl Form for $name {
                type Field = $of;
                fn field(self) -> $of {
                    self.0
                }
            }
        )*
    };
}

words! {
    /// What came of a password.
    Outcome(PasswordResult) = Right: "right" Right "wrong" Wrong "unknown_user" UnknownUser "not_tried" NotTried;
    /// Who acts in an exchanged token.
    Mode(ExchangeMode) = Delegation: "delegation" Delegation "impersonation" Impersonation;
    /// What is done with a registration.
    Action(RegistrationAction) = Register: "register" Register "update" Update "delete" Delete;
}

impl Form for Option<String> {
    type Field = Self;
    fn field(self) -> Self {
        self
    }
}

impl Form for Members {
    type Field = Vec<Member>;
    fn field(self) -> Vec<Member> {
        self.0
    }
}

impl Form for Vec<String> {
    type Field = Self;
    fn field(self) -> Self {
        self
    }
}

macro_rules! drafts {
    ($($hook:literal $variant:ident $draft:ident { $($field:ident: $form:ty),* })*) => {
        fn drafted(hook: &str, json: Option<&serde_json::Value>) -> Result<Option<Draft>, serde_json::Error> {
            $(if hook == $hook {
                #[derive(Debug, Default, Deserialize)]
                #[serde(default, deny_unknown_fields)]
                struct Written {
                    $($field: $form),*
                }
                let written = json.map_or_else(|| Ok(Written::default()), Written::deserialize)?;
                return Ok(Some(Draft::$variant($draft { $($field: written.$field.field()),* })));
            })*
            Ok(None)
        }
    };
}

// One row for each hook: its interface, its draft, and what a fixture may say of it.
drafts! {
    "access-token" AccessToken TokenDraft { claims: Members, scopes: Vec<String>, audience: Vec<String>, lifetime: Seconds }
    "token-response" TokenResponse ResponseDraft { members: Members }
    "introspection" Introspection IntrospectionDraft { members: Members, caller: Caller }
    "id-token" IdToken IdTokenDraft { claims: Members, lifetime: Seconds }
    "refresh-token" RefreshToken RefreshTokenDraft { attributes: Members, scopes: Vec<String>, lifetime: Seconds }
    "userinfo" Userinfo UserinfoDraft { members: Members, scopes: Vec<String> }
    "authentication" Authentication AuthenticationDraft { factor: Factor, factors: Vec<String>, attributes: Members }
    "post-authentication" PostAuthentication PostAuthenticationDraft { attributes: Members, scopes: Vec<String> }
    "consent" Consent ConsentDraft { scopes: Vec<String>, remembered: Vec<String> }
    "scope" Scope ScopeDraft { scopes: Vec<String> }
    "authorization-details" AuthorizationDetails AuthorizationDetailsDraft { details: Details }
    "password" Password PasswordDraft {
        username: Name, outcome: Outcome, password: Option<String>, user: Option<String>, amr: Vec<String>, attributes: Members
    }
    "token-exchange" TokenExchange TokenExchangeDraft {
        claims: Members, actor_claims: Members, subject_token_type: TokenType, requested_token_type: TokenType, scopes: Vec<String>,
        audience: Vec<String>, mode: Mode, user: Option<String>, attributes: Members
    }
    "jwt-bearer" JwtBearer JwtBearerDraft {
        issuer: Issuer, claims: Members, scopes: Vec<String>, user: Option<String>, attributes: Members
    }
    "transaction-token" TransactionToken TransactionTokenDraft {
        claims: Members, transaction_context: Members, request_context: Members, scopes: Vec<String>, lifetime: Seconds
    }
    "client-authentication" ClientAuthentication ClientAuthenticationDraft {
        method: Method, certificate_thumbprint: Option<String>, attestation: Members
    }
    "client-registration" ClientRegistration ClientRegistrationDraft { action: Action, metadata: Members, software_statement: Members }
    "backchannel-notification" BackchannelNotification BackchannelNotificationDraft {
        binding_message: Option<String>, request_digest: RequestDigest, scopes: Vec<String>, attributes: Members
    }
    "revocation" Revocation RevocationDraft { token_type: Revoked, scopes: Vec<String>, claims: Members }
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
