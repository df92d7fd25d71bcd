//! A fixture as `plugin-sdk/FIXTURES.md` writes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use claimsmith_issuer::hook::{Background, Draft, GrantFacts, HookPoint, Person};
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
        }
    }
}

/// A fixture's draft with what has to be made of it first.
pub(super) struct Drafted<'a> {
    form: &'a FixtureDraft,
    members: Vec<Member>,
    details: String,
}

impl<'a> Drafted<'a> {
    pub(super) fn of(form: &'a FixtureDraft) -> Self {
        let named = form.claims.as_ref().or(form.members.as_ref()).or(form.attributes.as_ref());
        Self { form, members: named.map(members).unwrap_or_default(), details: Json::Array(form.details.clone()).to_string() }
    }

    /// The draft of that hook point.
    pub(super) fn at(&self, point: HookPoint) -> Draft<'_> {
        let Self { form, members, details } = self;
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
