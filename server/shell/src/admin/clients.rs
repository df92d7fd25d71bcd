//! `/admin/v1/clients`: registered clients and their secrets.

pub(crate) mod authentication;
pub(crate) mod metadata;
mod people;
pub(crate) mod secrets;

use claimsmith_issuer::client::{Authentication, Client};
use claimsmith_jose::base64url;
use claimsmith_protocol::id::ClientId;
use claimsmith_store::{ClientRecord, LoadedClient};
use serde_json::{Value, json};

use super::fields::{Fields, shorten};
use super::problem::{Kind, Problem};
use super::routes::Operation;
use super::{Call, Reply, bindings, internal, keys, paging, plugins, segment};
use authentication::{Offer, has_secret};
use metadata::{Registration, Rules};

pub(super) use secrets::{list as secrets, rotate};

/// The longest lifetime an access token may have, seconds.
pub(super) fn lifetime_ceiling(call: &Call<'_>) -> u32 {
    call.desk.rooms.settings.defaults.lifetime_ceiling.seconds()
}

fn offer(call: &Call<'_>) -> Offer {
    let policy = &call.desk.rooms.settings.client_auth;
    Offer {
        methods: policy.methods.clone(),
        default_method: call.desk.config.client_auth.default_method,
        signing_algs: policy.signing_algs.clone(),
        mac_algs: policy.mac_algs.clone(),
    }
}

async fn rules(call: &Call<'_>, fields: &Fields) -> Result<Rules, Problem> {
    let mut resources = Vec::new();
    for identifier in fields.peek_texts("resources").into_iter().take(100) {
        if call.store().load_resource(&identifier).await?.is_some() {
            resources.push(identifier.into());
        }
    }
    Ok(Rules {
        offer: offer(call),
        grants: call.desk.rooms.settings.grants.clone(),
        algs: keys::algs(call).await?,
        resources,
        lifetime_ceiling: lifetime_ceiling(call),
        response_types: call.desk.rooms.settings.people.response_types.clone(),
        encrypted_objects: call.desk.rooms.settings.people.encrypted_requests,
        detail_types: call.desk.rooms.settings.people.detail_types.clone(),
    })
}

/// The client of the path.
pub(super) async fn load(call: &Call<'_>) -> Result<LoadedClient, Problem> {
    find(call, call.key()).await
}

async fn find(call: &Call<'_>, text: &str) -> Result<LoadedClient, Problem> {
    let missing = || Problem::not_found("client", &shorten(text));
    let id = ClientId::parse(text).map_err(|_| missing())?;
    call.store().load_client(&id).await?.ok_or_else(missing)
}

fn render(loaded: &LoadedClient) -> Value {
    let bindings: Vec<Value> = loaded.bindings.iter().map(bindings::render_binding).collect();
    Value::Object(metadata::render(&loaded.record, &bindings))
}

pub(super) async fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let page = call.query.page()?;
    let after = match &page.after {
        Some(after) => Some(ClientId::parse(after).map_err(|_| paging::wrong("after", "must be the `next` of an earlier answer"))?),
        None => None,
    };
    let records = call.store().list_clients(after, call.query.text("tag").map(str::to_owned), page.ask()).await?;
    let item = |record: &ClientRecord| {
        let mut document = metadata::render(record, &[]);
        // A list is of clients; their bindings are with each.
        document.remove("bindings");
        (record.client.id.to_string(), Value::Object(document))
    };
    Ok(Reply::document(paging::document(records.iter().map(item).collect(), &page)))
}

pub(super) async fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    Ok(Reply::document(render(&load(call).await?)))
}

/// An unpredictable id: 127 random bits. The first bit is none of them, so that no id begins like an option of a command.
pub(crate) fn fresh_id() -> Result<ClientId, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    bytes[0] &= 0x7f;
    Ok(ClientId::parse(&base64url::encode(bytes)).expect("base64url is printable"))
}

pub(super) async fn create(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut fields = call.fields()?;
    let rules = rules(call, &fields).await?;
    let known = plugins_of(call, &fields).await?;
    let registration = metadata::read(&mut fields, &rules, None, &fresh_id().map_err(|error| internal(&error))?);
    check_sector(call, &mut fields, registration.as_ref(), None).await;
    let id = registration.as_ref().map_or_else(fresh_id, |registration| Ok(registration.client.id.clone()));
    let id = id.map_err(|error| internal(&error))?;
    let bound = bindings::read_inline(&mut fields, &id, &known, bindings::Ceilings::of(call));
    let Registration { mut client, secret, secret_expires_at } = fields.finish(registration)?;
    let shown = secrets::fulfil(&call.desk.rooms, &mut client, secret, secret_expires_at).await?;
    call.store().create_client(call.actor(), client).await?;
    for binding in bound {
        if let Err(fault) = call.store().create_binding(call.actor(), binding).await {
            // Half a client would answer requests without its plugins: rather none.
            let undone = call.store().delete_client(call.actor(), &id, None).await;
            tracing::warn!(client = %id, undone = undone.is_ok(), "a client could not be bound and is taken back");
            return Err(fault.into());
        }
    }
    let mut document = render(&find(call, &id).await?);
    if let Some(shown) = shown {
        document["client_secret"] = json!(shown.expose());
    }
    Ok(Reply::document(document).at(format!("/admin/v1/clients/{}", segment(&id))))
}

async fn plugins_of(call: &Call<'_>, fields: &Fields) -> Result<Vec<plugins::facts::PluginFacts>, Problem> {
    let mut names: Vec<String> =
        fields.peek_objects("bindings").iter().filter_map(|binding| Some(binding.get("plugin")?.as_str()?.to_owned())).collect();
    names.sort();
    names.dedup();
    let mut known = Vec::new();
    for name in names.iter().take(100) {
        known.extend(plugins::facts::load(call, name).await?);
    }
    Ok(known)
}

pub(super) async fn update(call: &Call<'_>, operation: Operation) -> Result<Reply, Problem> {
    let expected = call.if_match()?;
    let held = load(call).await?;
    let document = render(&held);
    let mut fields = call.updated(operation, &base_of_patch(&document, &call.arrival.body))?;
    let rules = rules(call, &fields).await?;
    // What was registered once stays good: a resource or a key may have gone since.
    let rules = keep_held(rules, &held.record.client);
    let registration = metadata::read(&mut fields, &rules, Some((&held.record.client, &document)), &held.record.client.id);
    check_sector(call, &mut fields, registration.as_ref(), Some(&held.record.client)).await;
    let Registration { mut client, secret, .. } = fields.finish(registration)?;
    let shown = secrets::fulfil(&call.desk.rooms, &mut client, secret, None).await?;
    // Invariant: a patch was laid over the version that was read, so it replaces that very version even for `*`.
    call.store().update_client(call.actor(), "update", client, Some(expected.unwrap_or(held.record.version))).await?;
    call.forget_secrets(call.key());
    let mut document = render(&load(call).await?);
    if let Some(shown) = shown {
        document["client_secret"] = json!(shown.expose());
    }
    Ok(Reply::document(document))
}

/// OpenID Connect Dynamic Client Registration §5. A list that was good is not fetched again where nothing of it has changed.
async fn check_sector(call: &Call<'_>, fields: &mut Fields, read: Option<&Registration>, held: Option<&Client>) {
    let Some(now) = read.map(|read| &read.client.registration) else { return };
    let same = |held: &Client| {
        let before = &held.registration;
        before.sector_identifier_uri == now.sector_identifier_uri && before.redirect_uris == now.redirect_uris
    };
    if held.is_some_and(same) || !fields.is_sound("sector_identifier_uri") {
        return;
    }
    if let Err(detail) = crate::sector::check(&call.desk.rooms, now).await {
        fields.wrong("sector_identifier_uri", detail);
    }
}

/// What a patch is laid over. When it changes the method, what only the former one had is not kept; when it changes `scope`, a
/// default that was all of it follows.
fn base_of_patch(document: &Value, patch: &[u8]) -> Value {
    let mut base = document.clone();
    let patch: Value = serde_json::from_slice(patch).unwrap_or_default();
    let Some(members) = base.as_object_mut() else { return base };
    let changes =
        |name: &str, members: &serde_json::Map<String, Value>| patch.get(name).is_some_and(|chosen| members.get(name) != Some(chosen));
    if changes("token_endpoint_auth_method", members) {
        for former in ["jwks", "jwks_uri", "token_endpoint_auth_signing_alg", "assertion_audience"] {
            members.remove(former);
        }
    }
    if changes("scope", members) && members.get("default_scope") == members.get("scope") {
        members.remove("default_scope");
    }
    base
}

fn keep_held(mut rules: Rules, held: &Client) -> Rules {
    rules.resources.extend(held.resources.iter().cloned());
    rules.algs.extend(held.access_token_alg);
    rules
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Reply, Problem> {
    let expected = call.if_match()?;
    let id = ClientId::parse(call.key()).map_err(|_| Problem::not_found("client", &shorten(call.key())))?;
    call.store().delete_client(call.actor(), &id, expected).await?;
    call.forget_secrets(&id);
    Ok(Reply::nothing())
}

pub(super) async fn end_everything(call: &Call<'_>) -> Result<Reply, Problem> {
    let id = ClientId::parse(call.key()).map_err(|_| Problem::not_found("client", &shorten(call.key())))?;
    call.store().end_everything_of_client(call.actor(), &id, call.desk.rooms.clock.now().timestamp()).await?;
    Ok(Reply::nothing())
}

/// Errors unless the client has a secret to rotate.
fn need_secret(client: &Client) -> Result<(), Problem> {
    let method = client.authentication.method();
    match has_secret(method) {
        true => Ok(()),
        false => Err(Problem::new(Kind::Conflict, format!("the client authenticates with {} and has no secret", method.as_str()))),
    }
}

/// Puts secrets in the place of those a client has.
fn with_secrets(client: &mut Client, secrets: Vec<claimsmith_issuer::client::StoredSecret>) {
    match &mut client.authentication {
        Authentication::Secret { secrets: held, .. } | Authentication::SecretJwt { secrets: held, .. } => *held = secrets,
        Authentication::Public
        | Authentication::PrivateKeyJwt { .. }
        | Authentication::Certificate
        | Authentication::Attested { .. }
        | Authentication::SelfSigned { .. } => {}
    }
}

#[cfg(test)]
mod tests;
