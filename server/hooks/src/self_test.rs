//! The golden vectors a plugin carries, run in the real sandbox with the real limits.
//!
//! Format and comparison are those of `plugin-sdk/FIXTURES.md`.

use std::sync::Arc;

use claimsmith_issuer::hook::{Context, Edit, ExchangeMode, PluginAnswer};
use claimsmith_issuer::value::Value;
use serde_json::{Value as Json, json};

use crate::host::Host;
use crate::log::LogLine;
use crate::plugin::Plugin;
use crate::settings::{Limits, Surroundings};

mod fixture;

use fixture::{Drafted, Expectation, Fixture, pairs};

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
        let background = context.background();
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
            background: Some(&background),
        };
        let drafted = Drafted::of(&fixture.draft);
        let draft = drafted.at(fixture.hook);
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
        Edit::SetAttribute(name, value) => json!({ "set_attribute": member(name, value) }),
        Edit::RequireAcr(name) => json!({ "require_acr": name }),
        Edit::RequireFactor(name) => json!({ "require_factor": name }),
        Edit::SkipConsent => json!("skip_consent"),
        Edit::ShowText(language, text) => json!({ "show_text": { "language": language, "text": text } }),
        Edit::SetAuthorizationDetails(details) => {
            json!({ "set_authorization_details": typed(serde_json::from_str(details).unwrap_or(Json::Null)) })
        }
        Edit::SetUser(user) => json!({ "set_user": user }),
        Edit::AddAmr(methods) => json!({ "add_amr": methods }),
        Edit::SetExchangeMode(ExchangeMode::Delegation) => json!({ "set_exchange_mode": "delegation" }),
        Edit::SetExchangeMode(ExchangeMode::Impersonation) => json!({ "set_exchange_mode": "impersonation" }),
        Edit::SetTransactionContext(name, value) => json!({ "set_transaction_context": member(name, value) }),
        Edit::SetRequestContext(name, value) => json!({ "set_request_context": member(name, value) }),
        Edit::SetMetadata(name, value) => json!({ "set_metadata": member(name, value) }),
        Edit::RemoveMetadata(name) => json!({ "remove_metadata": name }),
        Edit::MarkNotified => json!("mark_notified"),
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
