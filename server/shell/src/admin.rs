//! The admin API: its own listener, its own bearer tokens, never on the public port.
//!
//! `routes` is the table that routes, guards and documents; a handler is a function of a `Call` in the file of what it is
//! about. Bodies are checked as a whole, so that an error names every field at fault.

mod audit;
mod authority;
mod bindings;
pub(crate) mod clients;
pub(crate) mod fields;
mod keys;
mod nearest;
mod openapi;
mod operations;
mod paging;
mod plugins;
pub(crate) mod problem;
mod registration_tokens;
mod resources;
mod route;
mod routes;
mod schemas;
mod tokens;
mod trusted_issuers;
mod users;

use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use crate::http::{Answer, Arrival, BodyLimit, Handler};
use claimsmith_store::VersionState;

use authority::Actor;
use fields::Fields;
use paging::Query;
use problem::{Kind, Problem};
use routes::{Found, Gives, Operation, Route, Takes};

pub use authority::{new_token, scope_names};
pub(crate) use clients::metadata::check_tag;
pub(crate) use nearest::nearest;
pub(crate) use operations::render as render_config;
pub(crate) use plugins::report;

/// What the admin API works with.
pub struct Desk {
    /// The rooms of this node.
    pub rooms: Arc<crate::rooms::Rooms>,
    /// Compiles uploads in a child process.
    pub compiler: Arc<claimsmith_hooks::Compiler>,
    /// Makes and retires signing keys.
    pub key_life: Arc<crate::key_life::KeyLife>,
    /// The configuration in force.
    pub config: Arc<crate::config::Config>,
    /// The metrics as text.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Desk").finish_non_exhaustive()
    }
}

/// The handler of the admin listener.
#[derive(Debug, Clone)]
pub struct Api {
    desk: Arc<Desk>,
}

impl Api {
    /// The admin API of a node.
    pub fn new(desk: Desk) -> Self {
        Self { desk: Arc::new(desk) }
    }
}

/// One request that may be made by the one who makes it.
pub(crate) struct Call<'a> {
    desk: &'a Desk,
    /// Who is asking; nobody at the open endpoints.
    actor: Option<Actor>,
    /// The path's variables, decoded.
    values: Vec<String>,
    query: Query,
    arrival: &'a Arrival,
}

impl Call<'_> {
    /// The name the audit knows the administrator by.
    fn actor(&self) -> &str {
        self.actor.as_ref().map_or("nobody", |actor| actor.name.as_str())
    }

    /// The path's only variable.
    fn key(&self) -> &str {
        self.values.first().map_or("", String::as_str)
    }

    /// Errors unless the administrator has the scope.
    fn need(&self, scope: authority::Scope) -> Result<(), Problem> {
        self.actor.as_ref().map_or(Ok(()), |actor| actor.need(scope))
    }

    fn store(&self) -> &claimsmith_store::Store {
        &self.desk.rooms.store
    }

    /// The remembered successes of a client's secrets are no longer to be trusted.
    fn forget_secrets(&self, client_id: &str) {
        self.desk.rooms.secret_desk.forget(client_id);
    }

    fn fields(&self) -> Result<Fields, Problem> {
        Fields::parse(&self.arrival.body)
    }

    /// The body, or nothing where none was sent.
    fn optional_fields(&self) -> Result<Fields, Problem> {
        if self.arrival.body.is_empty() { Ok(Fields::of(serde_json::Map::new())) } else { self.fields() }
    }

    /// The version that `If-Match` names; nothing for `*`, which means whatever there is (RFC 9110 §13.1.1).
    fn if_match(&self) -> Result<Option<i64>, Problem> {
        let missing = || {
            let detail = "send `If-Match` with the ETag of what you read, or `*` to change whatever there is";
            Problem::new(Kind::PreconditionRequired, detail)
        };
        let text = self.arrival.headers.get(IF_MATCH).and_then(|value| value.to_str().ok()).ok_or_else(missing)?.trim();
        if text == "*" {
            return Ok(None);
        }
        let tag = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|tag| tag.parse().ok());
        tag.map(Some).ok_or_else(|| Problem::new(Kind::PreconditionFailed, "the entity tag in `If-Match` is none of ours"))
    }

    /// The members after an update: of a patch, laid over what there is (RFC 7396); of a replacement, the body alone.
    fn updated(&self, operation: Operation, current: &Value) -> Result<Fields, Problem> {
        let body = fields::parse_body(&self.arrival.body)?;
        let patches = matches!(
            operation,
            Operation::UpdateClient
                | Operation::UpdateBinding
                | Operation::UpdateResource
                | Operation::UpdateTrustedIssuer
                | Operation::UpdateUser
        );
        if !patches {
            return Ok(Fields::of(body));
        }
        let mut merged = current.clone();
        merge(&mut merged, Value::Object(body));
        match merged {
            Value::Object(members) => Ok(Fields::of(members)),
            _ => Err(Problem::new(Kind::MalformedBody, "the patch must be an object")),
        }
    }
}

/// JSON merge patch (RFC 7396 §2).
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(members) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(held) = target else { return };
    for (name, value) in members {
        if value.is_null() {
            held.remove(&name);
        } else {
            merge(held.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// What a handler hands back when all is well.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    body: Option<Value>,
    text: Option<String>,
    version: Option<i64>,
    location: Option<String>,
    status: Option<StatusCode>,
}

impl Reply {
    fn nothing() -> Self {
        Self::default()
    }

    fn document(body: Value) -> Self {
        let version = body.get("version").and_then(Value::as_i64);
        Self { body: Some(body), version, ..Self::default() }
    }

    fn text(text: String) -> Self {
        Self { text: Some(text), ..Self::default() }
    }

    fn at(self, location: String) -> Self {
        Self { location: Some(location), ..self }
    }

    fn answer(self, gives: Gives) -> Answer {
        let status = self.status.unwrap_or(match gives {
            Gives::Nothing => StatusCode::NO_CONTENT,
            Gives::Created(_) => StatusCode::CREATED,
            Gives::One(_) | Gives::Page(_) | Gives::Text => StatusCode::OK,
        });
        let mut answer = match (self.body, self.text) {
            (Some(body), _) => Answer::json(status, serde_json::to_vec(&body).expect("a JSON value always renders")),
            (None, Some(text)) => Answer::of(status, "text/plain; version=0.0.4; charset=utf-8", text),
            (None, None) => Answer::empty(status),
        };
        if let Some(version) = self.version {
            answer = answer.with(ETAG, HeaderValue::try_from(format!("\"{version}\"")).expect("digits make a header value"));
        }
        if let Some(Ok(location)) = self.location.map(HeaderValue::try_from) {
            answer = answer.with(LOCATION, location);
        }
        answer.uncached()
    }
}

/// One segment of a path, percent-encoded.
pub(crate) fn segment(text: &str) -> String {
    const KEPT: percent_encoding::AsciiSet = percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    percent_encoding::utf8_percent_encode(text, &KEPT).to_string()
}

impl Handler for Api {
    fn admit(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<BodyLimit, Answer> {
        let config = &self.desk.config;
        let sizes = Sizes { json: config.limits.admin_body_bytes.bytes(), wasm: config.hooks.upload_max_bytes.bytes() };
        admit(method, path, headers, sizes).map_err(|problem| problem.answer(None))
    }

    async fn call(&self, arrival: Arrival) -> Answer {
        let id = arrival.id;
        let answer = self.serve(&arrival).await.unwrap_or_else(|problem| {
            tracing::info!(request = %id, status = problem.status().as_u16(), detail = %problem.detail, "admin request refused");
            problem.answer(Some(id))
        });
        if arrival.method != Method::GET && answer.status.is_success() {
            self.desk.rooms.catch_up().await;
        }
        answer
    }
}

/// The most bytes that bodies may have.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    json: usize,
    wasm: usize,
}

/// Decides from the head alone whether a body may come.
fn admit(method: &Method, path: &str, headers: &HeaderMap, sizes: Sizes) -> Result<BodyLimit, Problem> {
    let route = match routes::find(method, path) {
        Found::Route(route, _) => route,
        Found::OtherMethods(methods) => {
            let allow = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
            let problem = Problem::new(Kind::MethodNotAllowed, format!("{method} is not allowed here; {allow} are"));
            return Err(problem.with("allow", Value::String(allow)));
        }
        Found::Nothing => return Err(Problem::new(Kind::NotFound, "there is no such endpoint; /admin/v1/openapi.json lists all")),
    };
    // Security: no body is read for somebody without so much as the form of a token.
    if route.scope.is_some() && authority::presented(headers.get(AUTHORIZATION).map(HeaderValue::as_bytes)).is_none() {
        return Err(authority::unauthenticated(headers.contains_key(AUTHORIZATION)));
    }
    let limit = match route.takes {
        Takes::Nothing => return Ok(BodyLimit(1024)),
        Takes::Json(_) | Takes::OptionalJson(_) | Takes::MergePatch(_) => sizes.json,
        Takes::Wasm => sizes.wasm,
    };
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(Problem::new(Kind::TooLarge, format!("the body may have {limit} bytes")));
    }
    let empty = length.is_none_or(|length| length == 0);
    check_media_type(route, headers, empty)?;
    Ok(BodyLimit(limit))
}

fn check_media_type(route: &Route, headers: &HeaderMap, empty: bool) -> Result<(), Problem> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let good: &[&str] = match route.takes {
        Takes::Nothing => return Ok(()),
        Takes::OptionalJson(_) if essence.is_empty() && empty => return Ok(()),
        Takes::Json(_) | Takes::OptionalJson(_) => &["application/json"],
        Takes::MergePatch(_) => &["application/merge-patch+json", "application/json"],
        Takes::Wasm => &["application/wasm"],
    };
    match good.contains(&essence.as_str()) {
        true => Ok(()),
        false => Err(Problem::new(Kind::UnsupportedMediaType, format!("send Content-Type: {}", good.join(" or ")))),
    }
}

impl Api {
    async fn serve(&self, arrival: &Arrival) -> Result<Answer, Problem> {
        let Found::Route(route, values) = routes::find(&arrival.method, arrival.path()) else {
            return Err(Problem::new(Kind::NotFound, "there is no such endpoint"));
        };
        let actor = match route.scope {
            None => None,
            Some(scope) => {
                let actor = self.authenticate(arrival).await?;
                actor
                    .need(scope)
                    .or_else(|problem| route.or.ok_or(()).and_then(|or| actor.need(or).map_err(drop)).map_err(|()| problem))?;
                Some(actor)
            }
        };
        let query = Query::parse(arrival.query(), &route.parameters())?;
        let call = Call { desk: &self.desk, actor, values, query, arrival };
        let reply = dispatch(route.operation, &call).await?;
        if route.scope.is_some() && route.method() != Method::GET {
            tracing::info!(request = %arrival.id, actor = call.actor(), operation = ?route.operation, "admin request done");
        }
        Ok(reply.answer(route.gives))
    }

    async fn authenticate(&self, arrival: &Arrival) -> Result<Actor, Problem> {
        let header = arrival.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let unknown = || authority::unauthenticated(header.is_some());
        let digest = authority::presented(header).ok_or_else(unknown)?;
        let now = self.desk.rooms.clock.now().timestamp();
        let held = self.desk.rooms.store.admin_token(digest).await?.ok_or_else(unknown)?;
        if held.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Err(unknown());
        }
        Ok(Actor::of(&held.name, &held.scopes))
    }
}

async fn dispatch(operation: Operation, call: &Call<'_>) -> Result<Reply, Problem> {
    use Operation as Op;
    match operation {
        Op::ListClients => clients::list(call).await,
        Op::CreateClient => clients::create(call).await,
        Op::ShowClient => clients::show(call).await,
        Op::ReplaceClient | Op::UpdateClient => clients::update(call, operation).await,
        Op::DeleteClient => clients::delete(call).await,
        Op::EndEverythingOfClient => clients::end_everything(call).await,
        Op::ListClientSecrets => clients::secrets(call).await,
        Op::RotateClientSecret => clients::rotate(call).await,
        Op::EffectiveBindings => bindings::effective(call).await,
        Op::ListTagBindings | Op::ListAllBindings => bindings::list(call, operation).await,
        Op::BindClient | Op::BindTag | Op::BindAll => bindings::create(call, operation).await,
        Op::ShowBinding => bindings::show(call).await,
        Op::ReplaceBinding | Op::UpdateBinding => bindings::update(call, operation).await,
        Op::DeleteBinding => bindings::delete(call).await,
        Op::ListResources => resources::list(call).await,
        Op::CreateResource => resources::create(call).await,
        Op::ShowResource => resources::show(call).await,
        Op::ReplaceResource | Op::UpdateResource => resources::update(call, operation).await,
        Op::DeleteResource => resources::delete(call).await,
        Op::ListRegistrationTokens => registration_tokens::list(call).await,
        Op::CreateRegistrationToken => registration_tokens::create(call).await,
        Op::DeleteRegistrationToken => registration_tokens::delete(call).await,
        Op::ListTrustedIssuers => trusted_issuers::list(call).await,
        Op::CreateTrustedIssuer => trusted_issuers::create(call).await,
        Op::ShowTrustedIssuer => trusted_issuers::show(call).await,
        Op::ReplaceTrustedIssuer | Op::UpdateTrustedIssuer => trusted_issuers::update(call, operation).await,
        Op::DeleteTrustedIssuer => trusted_issuers::delete(call).await,
        Op::ListUsers => users::list(call).await,
        Op::CreateUser => users::create(call).await,
        Op::ShowUser => users::show(call).await,
        Op::ReplaceUser | Op::UpdateUser => users::update(call, operation).await,
        Op::DeleteUser => users::delete(call).await,
        Op::SetPassword => users::set_password(call).await,
        Op::RemovePassword => users::remove_password(call).await,
        Op::ListFactors => users::list_factors(call).await,
        Op::RemoveFactor => users::remove_factor(call).await,
        Op::ListLinks => users::list_links(call).await,
        Op::CreateLink => users::create_link(call).await,
        Op::RemoveLink => users::remove_link(call).await,
        Op::ListSessions => users::list_sessions(call).await,
        Op::EndEverythingOfUser => users::end_everything(call).await,
        Op::EndSessions => users::end_sessions(call).await,
        Op::EndSession => users::end_session(call).await,
        Op::ListGrants => users::list_grants(call).await,
        Op::EndGrants => users::end_grants(call).await,
        Op::EndGrant => users::end_grant(call).await,
        Op::ListConsents => users::list_consents(call).await,
        Op::WithdrawConsent => users::withdraw_consent(call).await,
        Op::ListPlugins => plugins::list(call).await,
        Op::UploadPlugin => plugins::upload(call).await,
        Op::ShowPlugin => plugins::show(call).await,
        Op::RollbackPlugin => plugins::rollback(call).await,
        Op::ShowVersion => plugins::show_version(call).await,
        Op::ActivateVersion => plugins::activate(call).await,
        Op::DisableVersion => plugins::set_version(call, VersionState::Disabled).await,
        Op::EnableVersion => plugins::set_version(call, VersionState::Ready).await,
        Op::EnablePlugin => plugins::set_enabled(call, true).await,
        Op::DisablePlugin => plugins::set_enabled(call, false).await,
        Op::DeletePlugin => plugins::delete(call).await,
        Op::ListKeys => keys::list(call).await,
        Op::RotateKey => keys::rotate(call).await,
        Op::RetireKey => keys::retire(call).await,
        Op::RemoveKey => keys::remove(call).await,
        Op::ResealKeys => keys::reseal(call).await,
        Op::IntrospectToken => tokens::introspect(call).await,
        Op::ExplainToken => tokens::explain(call).await,
        Op::RevokeToken => tokens::revoke(call).await,
        Op::ListChanges => audit::changes(call).await,
        Op::ListIssuance => audit::issuance(call).await,
        Op::ListSignedRequests => audit::signed_requests(call).await,
        Op::ShowConfig => operations::config(call),
        Op::OpenApi => Ok(Reply::document(openapi::document())),
        Op::Live => Ok(operations::live()),
        Op::Ready => Ok(operations::ready(call)),
        Op::Metrics => Ok(Reply::text((call.desk.metrics)())),
    }
}

impl From<claimsmith_store::Fault> for Problem {
    fn from(fault: claimsmith_store::Fault) -> Self {
        use claimsmith_store::Fault as F;
        let said = fault.to_string();
        match fault {
            F::Unavailable { .. } | F::Timeout { .. } | F::Full { .. } | F::Closed => {
                tracing::warn!(error = %said, "the store failed an admin request");
                Self::new(Kind::Unavailable, "the database is unavailable or slow; nothing was changed that was not acknowledged")
            }
            F::Conflict { .. } => Self::new(Kind::PreconditionFailed, said),
            F::Missing { .. } => Self::new(Kind::NotFound, said),
            F::Exists { .. } | F::Reference { .. } => Self::new(Kind::Conflict, said),
            F::NotReady { ref nodes, .. } => {
                let nodes = serde_json::json!(nodes);
                Self::new(Kind::NotReady, said).with("nodes", nodes)
            }
            F::WrongMigration(_) | F::Corrupt { .. } | F::Settings(_) | F::Statement { .. } | F::Constraint { .. } => {
                tracing::error!(error = %said, "the store failed an admin request");
                Self::new(Kind::Internal, "the store failed; the log has more under the request id")
            }
        }
    }
}

/// A failure of the vault or of cryptography.
fn internal(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "an admin request failed");
    Problem::new(Kind::Internal, "the server could not complete the request; the log has more under the request id")
}

#[cfg(test)]
mod tests;
