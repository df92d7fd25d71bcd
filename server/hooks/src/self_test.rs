//! The golden vectors a plugin carries, run in the real sandbox with the real limits.
//!
//! Format and comparison are those of `plugin-sdk/FIXTURES.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use claimsmith_issuer::hook::{Context, Draft, Edit, PluginAnswer};
use claimsmith_issuer::value::{Member, Value};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::host::Host;
use crate::log::LogLine;
use crate::plugin::Plugin;
use crate::settings::{Limits, Surroundings};

/// What a self-test came to.
#[derive(Debug, Clone)]
pub struct SelfTest {
    /// One for each fixture, in order.
    pub results: Vec<FixtureResult>,
}

impl SelfTest {
    /// Whether every fixture got the answer it expects.
    pub fn passed(&self) -> bool {
        self.results.iter().all(|result| result.difference.is_none())
    }
}

/// What one fixture came to.
#[derive(Debug, Clone)]
pub struct FixtureResult {
    /// Its name.
    pub name: String,
    /// Fuel the call used.
    pub fuel: u64,
    /// What was expected and what came, where they differ.
    pub difference: Option<String>,
    /// What the plugin logged.
    pub log: Vec<LogLine>,
}

/// The fixtures cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the fixtures cannot be read: {0}")]
pub struct FixtureRefusal(#[from] serde_json::Error);

impl Host {
    /// Runs fixtures, a JSON array, against a plugin.
    pub async fn self_test(&self, plugin: &Arc<Plugin>, fixtures: &str) -> Result<SelfTest, FixtureRefusal> {
        let fixtures: Vec<Fixture> = serde_json::from_str(fixtures)?;
        let mut results = Vec::with_capacity(fixtures.len());
        for fixture in &fixtures {
            results.push(self.run(plugin, fixture).await);
        }
        Ok(SelfTest { results })
    }

    async fn run(&self, plugin: &Arc<Plugin>, fixture: &Fixture) -> FixtureResult {
        let context = &fixture.context;
        let (parameters, headers) = (pairs(&context.parameters), pairs(&context.headers));
        let metadata = Json::Object(context.client_metadata.clone()).to_string();
        let members = members(fixture.draft.claims.as_ref().or(fixture.draft.members.as_ref()));
        let asked = Context {
            client_id: &context.client_id,
            client_tags: &context.client_tags,
            client_metadata: &metadata,
            grant_type: &context.grant_type,
            refresh: context.refresh,
            requested_scopes: &context.requested_scopes,
            requested_resources: &context.requested_resources,
            subject: context.subject.as_deref(),
            parameters: &parameters,
            headers: &headers,
            now_milliseconds: context.now.saturating_mul(1000),
        };
        let draft = match fixture.hook {
            HookName::AccessToken => Draft::Token {
                claims: &members,
                scopes: &fixture.draft.scopes,
                audience: &fixture.draft.audience,
                lifetime: fixture.draft.lifetime,
            },
            HookName::TokenResponse => Draft::Response { members: &members },
            HookName::Introspection => Draft::Introspection { members: &members, caller: &fixture.draft.caller },
        };
        let surroundings = Surroundings::Rehearsed { remaining_milliseconds: context.remaining_milliseconds };
        let limits = Limits { surroundings, ..self.settings().limits.clone() };
        let call = self.call(plugin, &asked, &context.configuration.to_string(), &draft, &limits).await;
        let difference = match &call.answer {
            Ok(answer) => fixture.expect.difference(answer),
            Err(fault) => Some(fault.to_string()),
        };
        FixtureResult { name: fixture.name.clone(), fuel: call.fuel, difference, log: call.log }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    name: String,
    hook: HookName,
    #[serde(default)]
    context: FixtureContext,
    #[serde(default)]
    draft: FixtureDraft,
    expect: Expectation,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum HookName {
    AccessToken,
    TokenResponse,
    Introspection,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FixtureContext {
    client_id: String,
    client_tags: Vec<Box<str>>,
    client_metadata: Map<String, Json>,
    grant_type: String,
    refresh: bool,
    requested_scopes: Vec<Box<str>>,
    requested_resources: Vec<Box<str>>,
    subject: Option<String>,
    configuration: Json,
    now: u64,
    parameters: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    remaining_milliseconds: u32,
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
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FixtureDraft {
    claims: Option<Members>,
    members: Option<Members>,
    scopes: Vec<Box<str>>,
    audience: Vec<Box<str>>,
    lifetime: u32,
    caller: String,
}

impl Default for FixtureDraft {
    fn default() -> Self {
        Self { claims: None, members: None, scopes: Vec::new(), audience: Vec::new(), lifetime: 3600, caller: "resource-server".to_owned() }
    }
}

/// An object's members in the order of the file.
#[derive(Debug)]
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
enum Expectation {
    Edits(Vec<Json>),
    Refusal(ExpectedRefusal),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedRefusal {
    code: String,
    reason: Option<String>,
}

impl Expectation {
    /// Expected and actual answer, where they differ.
    fn difference(&self, answer: &PluginAnswer) -> Option<String> {
        match (self, answer) {
            (Self::Edits(expected), Ok(edits)) => {
                let expected: Vec<Json> = expected.iter().cloned().map(typed).collect();
                let came: Vec<Json> = edits.iter().map(edit).collect();
                (expected != came).then(|| differ(&Json::Array(expected), &Json::Array(came)))
            }
            (Self::Refusal(expected), Err(refusal)) => {
                let same = expected.code == refusal.code && expected.reason.as_ref().is_none_or(|reason| *reason == refusal.reason);
                let expected = json!({ "code": expected.code, "reason": expected.reason });
                (!same).then(|| differ(&expected, &json!({ "code": refusal.code, "reason": refusal.reason })))
            }
            (Self::Edits(_), Err(refusal)) => Some(format!("expected edits, came a refusal: {} ({})", refusal.code, refusal.reason)),
            (Self::Refusal(expected), Ok(edits)) => {
                let came: Vec<Json> = edits.iter().map(edit).collect();
                Some(format!("expected the refusal {}, came edits: {}", expected.code, Json::Array(came)))
            }
        }
    }
}

fn differ(expected: &Json, came: &Json) -> String {
    format!("expected {expected}\n    came {came}")
}

/// An edit as fixtures spell it.
fn edit(edit: &Edit) -> Json {
    let member = |name: &str, value: &Value| json!({ "name": name, "value": plain(value) });
    match edit {
        Edit::SetClaim(name, value) => json!({ "set_claim": member(name, value) }),
        Edit::RemoveClaim(name) => json!({ "remove_claim": name }),
        Edit::SetHeader(name, value) => json!({ "set_header": member(name, value) }),
        Edit::SetScopes(scopes) => json!({ "set_scopes": scopes }),
        Edit::SetAudience(audience) => json!({ "set_audience": audience }),
        Edit::SetLifetime(seconds) => json!({ "set_lifetime": seconds }),
        Edit::SetResponseMember(name, value) => json!({ "set_response_member": member(name, value) }),
        Edit::OmitRefreshToken => json!("omit_refresh_token"),
    }
}

/// A value as JSON, numbers typed.
fn plain(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!(text),
        Value::Integer(number) => json!(number),
        Value::Number(number) => json!(number),
        Value::Boolean(boolean) => json!(boolean),
        Value::Texts(texts) => json!(texts),
        // Invariant: the answer was checked to be JSON when it was lifted.
        Value::Json(text) => typed(serde_json::from_str(text).unwrap_or(Json::Null)),
    }
}

/// Numbers that fit 64 bits signed are integers, all others are floating.
fn typed(json: Json) -> Json {
    match json {
        Json::Number(number) if number.is_i64() => Json::Number(number),
        Json::Number(number) => number.as_f64().map_or(Json::Null, |number| json!(number)),
        Json::Array(items) => items.into_iter().map(typed).collect(),
        Json::Object(members) => members.into_iter().map(|(name, value)| (name, typed(value))).collect(),
        other => other,
    }
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

fn members(members: Option<&Members>) -> Vec<Member> {
    let members = members.into_iter().flat_map(|members| &members.0);
    members.map(|(name, json)| Member { name: name.clone().into(), value: value(json) }).collect()
}

fn pairs(pairs: &BTreeMap<String, String>) -> Vec<(Box<str>, Box<str>)> {
    pairs.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect()
}
