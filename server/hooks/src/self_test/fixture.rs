//! A fixture as `plugin-sdk/FIXTURES.md` writes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use claimsmith_issuer::hook::{Background, Draft, ExchangeMode, GrantFacts, HookPoint, PasswordResult, Person, RegistrationAction, Shown};
use claimsmith_issuer::value::{Member, Value};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fixture {
    pub(super) name: String,
    #[serde(deserialize_with = "hook")]
    pub(super) hook: HookPoint,
    #[serde(default)]
    pub(super) context: FixtureContext,
    #[serde(default)]
    pub(super) draft: FixtureDraft,
    pub(super) expect: Expectation,
}

/// A hook point by the name of its interface.
fn hook<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<HookPoint, D::Error> {
    let name = String::deserialize(deserializer)?;
    let point = HookPoint::ALL.into_iter().find(|point| point.interface() == name);
    point.ok_or_else(|| serde::de::Error::custom(format!("there is no hook point `{name}`")))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FixtureContext {
    pub(super) client_id: String,
    pub(super) client_tags: Vec<Box<str>>,
    pub(super) client_metadata: Map<String, Json>,
    pub(super) grant_type: String,
    pub(super) refresh: bool,
    pub(super) requested_scopes: Vec<Box<str>>,
    pub(super) requested_resources: Vec<Box<str>>,
    pub(super) subject: Option<String>,
    pub(super) configuration: Json,
    pub(super) now: u64,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) remaining_milliseconds: u32,
    person: FixturePerson,
    grant: FixtureGrant,
}

impl Default for FixtureContext {
    fn default() -> Self {
        Self {
            client_id: "client".to_owned(),
            client_tags: Vec::new(),
            client_metadata: Map::new(),
            grant_type: "client_credentials".to_owned(),
            refresh: false,
            requested_scopes: Vec::new(),
            requested_resources: Vec::new(),
            subject: None,
            configuration: json!({}),
            now: 1_767_225_600,
            parameters: BTreeMap::new(),
            headers: BTreeMap::new(),
            remaining_milliseconds: 50,
            person: FixturePerson::default(),
            grant: FixtureGrant::default(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FixturePerson {
    id: Option<Box<str>>,
    username: Option<Box<str>>,
    attributes: Members,
    authenticated_at: Option<u64>,
    acr: Option<Box<str>>,
    amr: Vec<Box<str>>,
    session_id: Option<Box<str>>,
    session_attributes: Members,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FixtureGrant {
    attributes: Members,
    authorization_details: Vec<Json>,
    actors: Vec<Box<str>>,
    confirmation: Option<Map<String, Json>>,
}

impl FixtureContext {
    /// What a plugin may ask for. A fixture's person is there where the fixture says something of them.
    pub(super) fn background(&self) -> Arc<Background> {
        let (person, grant) = (&self.person, &self.grant);
        let known = Person {
            id: person.id.clone(),
            username: person.username.clone(),
            attributes: members(&person.attributes),
            authenticated_at: person.authenticated_at,
            acr: person.acr.clone(),
            amr: person.amr.clone(),
            session_id: person.session_id.clone(),
            session_attributes: members(&person.session_attributes),
        };
        let facts = GrantFacts {
            attributes: members(&grant.attributes),
            authorization_details: Json::Array(grant.authorization_details.clone()).to_string().into(),
            actors: grant.actors.clone(),
            confirmation: grant.confirmation.clone().map(|confirmation| Json::Object(confirmation).to_string().into()),
        };
        Arc::new(Background { person: Some(known).filter(|known| *known != Person::default()), grant: facts })
    }
}

/// The members of every hook's draft; `FIXTURES.md` says which belong to which.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FixtureDraft {
    claims: Option<Members>,
    members: Option<Members>,
    attributes: Option<Members>,
    scopes: Vec<Box<str>>,
    audience: Vec<Box<str>>,
    remembered: Vec<Box<str>>,
    factors: Vec<Box<str>>,
    factor: String,
    lifetime: u32,
    caller: String,
    details: Vec<Json>,
    username: String,
    #[serde(deserialize_with = "outcome")]
    outcome: PasswordResult,
    password: Option<String>,
    user: Option<String>,
    amr: Vec<Box<str>>,
    actor_claims: Members,
    subject_token_type: String,
    requested_token_type: String,
    #[serde(deserialize_with = "mode")]
    mode: ExchangeMode,
    issuer: String,
    transaction_context: Members,
    request_context: Members,
    method: String,
    certificate_thumbprint: Option<String>,
    attestation: Option<Members>,
    #[serde(deserialize_with = "action")]
    action: RegistrationAction,
    metadata: Option<Members>,
    software_statement: Members,
    binding_message: Option<String>,
    request_digest: String,
    token_type: String,
}

impl Default for FixtureDraft {
    fn default() -> Self {
        Self {
            claims: None,
            members: None,
            attributes: None,
            scopes: Vec::new(),
            audience: Vec::new(),
            remembered: Vec::new(),
            factors: Vec::new(),
            factor: "password".to_owned(),
            lifetime: 3600,
            caller: "resource-server".to_owned(),
            details: Vec::new(),
            username: "alice".to_owned(),
            outcome: PasswordResult::Right,
            password: None,
            user: None,
            amr: Vec::new(),
            actor_claims: Members::default(),
            subject_token_type: ACCESS_TOKEN.to_owned(),
            requested_token_type: ACCESS_TOKEN.to_owned(),
            mode: ExchangeMode::Delegation,
            issuer: "https://issuer.example".to_owned(),
            transaction_context: Members::default(),
            request_context: Members::default(),
            method: "client_secret_basic".to_owned(),
            certificate_thumbprint: None,
            attestation: None,
            action: RegistrationAction::Register,
            metadata: None,
            software_statement: Members::default(),
            binding_message: None,
            request_digest: "digest".to_owned(),
            token_type: "access_token".to_owned(),
        }
    }
}

/// The type of an access token where a fixture names none (RFC 8693 §3).
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// One of a few words.
fn word<'de, T: Copy, D: serde::Deserializer<'de>>(deserializer: D, words: &[(&str, T)]) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    found.ok_or_else(|| serde::de::Error::custom(format!("`{text}` is none of {}", known.join(", "))))
}

fn outcome<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<PasswordResult, D::Error> {
    use PasswordResult::{NotTried, Right, UnknownUser, Wrong};
    word(deserializer, &[("right", Right), ("wrong", Wrong), ("unknown_user", UnknownUser), ("not_tried", NotTried)])
}

fn mode<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<ExchangeMode, D::Error> {
    word(deserializer, &[("delegation", ExchangeMode::Delegation), ("impersonation", ExchangeMode::Impersonation)])
}

fn action<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<RegistrationAction, D::Error> {
    use RegistrationAction::{Delete, Register, Update};
    word(deserializer, &[("register", Register), ("update", Update), ("delete", Delete)])
}

/// A fixture's draft with what has to be made of it first.
pub(super) struct Drafted<'a> {
    form: &'a FixtureDraft,
    members: Vec<Member>,
    attributes: Vec<Member>,
    beside: [Vec<Member>; 2],
    details: String,
}

impl<'a> Drafted<'a> {
    pub(super) fn of(form: &'a FixtureDraft) -> Self {
        let lists = [&form.claims, &form.members, &form.metadata, &form.attestation, &form.attributes];
        let named = lists.into_iter().find_map(Option::as_ref);
        // One hook point has no more than one of these.
        let firsts = [&form.actor_claims, &form.transaction_context, &form.software_statement];
        let first = firsts.into_iter().find(|list| !list.0.is_empty()).map(members);
        Self {
            form,
            members: named.map(members).unwrap_or_default(),
            attributes: form.attributes.as_ref().map(members).unwrap_or_default(),
            beside: [first.unwrap_or_default(), members(&form.request_context)],
            details: Json::Array(form.details.clone()).to_string(),
        }
    }

    /// The draft of that hook point.
    pub(super) fn at(&self, point: HookPoint) -> Draft<'_> {
        let Self { form, members, attributes, beside: [first, second], details } = self;
        let user = form.user.as_deref();
        let claims: &[Member] = if form.claims.is_some() { members } else { &[] };
        match point {
            HookPoint::AccessToken => Draft::access_token(members, &form.scopes, &form.audience, form.lifetime),
            HookPoint::TokenResponse => Draft::token_response(members),
            HookPoint::Introspection => Draft::introspection(members, &form.caller),
            HookPoint::IdToken => Draft::id_token(members, form.lifetime),
            HookPoint::RefreshToken => Draft::refresh_token(members, &form.scopes, form.lifetime),
            HookPoint::Userinfo => Draft::userinfo(members, &form.scopes),
            HookPoint::Authentication => Draft::authentication(members, &form.factor, &form.factors),
            HookPoint::PostAuthentication => Draft::post_authentication(members, &form.scopes),
            HookPoint::Consent => Draft::consent(&form.scopes, &form.remembered),
            HookPoint::Scope => Draft::scope(&form.scopes),
            HookPoint::AuthorizationDetails => Draft::authorization_details(details),
            HookPoint::Password => {
                let password = form.password.as_deref().map(Shown);
                Draft { password, ..Draft::password(&form.username, form.outcome, user, &form.amr, members) }
            }
            HookPoint::TokenExchange => Draft::token_exchange(claims, first, attributes)
                .between((&form.subject_token_type, &form.requested_token_type), form.mode, user)
                .with(&form.scopes, &form.audience),
            HookPoint::JwtBearer => Draft::jwt_bearer(claims, &form.issuer, &form.scopes, user, attributes),
            HookPoint::TransactionToken => Draft::transaction_token(members, first, second, &form.scopes, form.lifetime),
            HookPoint::ClientAuthentication => Draft::client_authentication(&form.method, form.certificate_thumbprint.as_deref(), members),
            HookPoint::ClientRegistration => Draft::client_registration(form.action, members, first),
            HookPoint::BackchannelNotification => {
                Draft::backchannel_notification(&form.request_digest, form.binding_message.as_deref(), &form.scopes, members)
            }
            HookPoint::Revocation => Draft::revocation(&form.token_type, &form.scopes, members),
        }
    }
}

/// An object's members in the order of the file.
#[derive(Debug, Default)]
struct Members(Vec<(String, Json)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> serde::de::Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Expectation {
    Edits(Vec<Json>),
    Refusal(ExpectedRefusal),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedRefusal {
    pub(super) code: String,
    pub(super) reason: Option<String>,
}

/// JSON as plugins are handed it.
fn value(json: &Json) -> Value {
    match json {
        Json::String(text) => Value::Text(text.as_str().into()),
        Json::Bool(boolean) => Value::Boolean(*boolean),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => Value::Number(number.as_f64().unwrap_or(0.0)),
        },
        Json::Array(items) if items.iter().all(Json::is_string) => {
            Value::Texts(items.iter().filter_map(Json::as_str).map(Box::from).collect())
        }
        other => Value::Json(other.to_string().into()),
    }
}

fn members(members: &Members) -> Vec<Member> {
    members.0.iter().map(|(name, json)| Member { name: name.clone().into(), value: value(json) }).collect()
}

pub(super) fn pairs(pairs: &BTreeMap<String, String>) -> Vec<(Box<str>, Box<str>)> {
    pairs.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect()
}
