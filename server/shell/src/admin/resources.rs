//! `/admin/v1/resources`: resource servers, what tokens for them look like, and who may introspect those.

use claimsmith_issuer::client::TokenFormat;
use claimsmith_issuer::resource::Resource;
use claimsmith_jose::SigningAlg;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::resource::check_resource;
use claimsmith_protocol::scope::{ScopeSet, is_scope_token};
use claimsmith_protocol::time::Lifetime;
use claimsmith_store::ResourceRecord;
use serde_json::{Map, Value, json};

use super::clients::metadata::signing_alg;
use super::fields::Fields;
use super::problem::Problem;
use super::routes::Operation;
use super::{Call, Reply, paging, segment};

const SCOPES_MAX: usize = 500;
const INTROSPECTORS_MAX: usize = 500;

/// What a resource is checked against.
pub(crate) struct Rules {
    /// Algorithms that there are signing keys for.
    algs: Vec<SigningAlg>,
    /// No access token lives longer, seconds.
    lifetime_ceiling: u32,
    /// Of the clients it names, those that exist.
    clients: Vec<String>,
}

/// Reads a resource. `held` is the one that is replaced.
fn read(fields: &mut Fields, rules: &Rules, held: Option<(&str, &Value)>) -> Option<Resource> {
    if let Some((_, document)) = held {
        fields.read_only(&["version"], document);
    }
    let identifier = identifier(fields, held.map(|(identifier, _)| identifier));
    let name = fields.line("name", 200);
    let scope_token = |text: &str| {
        if is_scope_token(text) { Ok(()) } else { Err("is no scope: printable ASCII without spaces, quotes and backslashes".to_owned()) }
    };
    let scopes = fields.texts("scopes", SCOPES_MAX, scope_token).unwrap_or_default();
    let token_format = fields.choice("token_format", &["jwt", "opaque"], TokenFormat::parse);
    let signing_alg = signing_alg(fields, "signing_alg", &rules.algs);
    let ceiling = fields.integer("lifetime_ceiling", 1..=i64::from(rules.lifetime_ceiling));
    let known = |text: &str| match rules.clients.iter().any(|id| id == text) {
        true => Ok(()),
        false => Err(format!("there is no client `{text}`")),
    };
    let introspectors = fields.texts("introspectors", INTROSPECTORS_MAX, known).unwrap_or_default();
    Some(Resource {
        identifier: identifier?,
        name: name.map(Into::into),
        scopes: ScopeSet::from_tokens(scopes).ok()?,
        token_format,
        signing_alg,
        lifetime_ceiling: ceiling.and_then(|seconds| u32::try_from(seconds).ok()).map(Lifetime::from_seconds),
        introspectors: introspectors.iter().filter_map(|id| ClientId::parse(id).ok()).collect(),
    })
}

fn identifier(fields: &mut Fields, held: Option<&str>) -> Option<Box<str>> {
    let given = fields.text("identifier");
    match (given.as_deref(), held) {
        (None, Some(held)) => Some(held.into()),
        (Some(text), Some(held)) if text == held => Some(held.into()),
        (Some(_), Some(_)) => {
            fields.wrong("identifier", "cannot be changed");
            None
        }
        (None, None) => {
            if fields.is_sound("identifier") {
                fields.wrong("identifier", "is missing");
            }
            None
        }
        (Some(text), None) => check_resource(text).map(Into::into).map_err(|invalid| fields.wrong("identifier", invalid.to_string())).ok(),
    }
}

/// The resource's document.
fn render(record: &ResourceRecord) -> Value {
    let resource = &record.resource;
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("identifier", json!(resource.identifier));
    if let Some(name) = &resource.name {
        put("name", json!(name));
    }
    put("scopes", json!(resource.scopes.tokens()));
    if let Some(format) = resource.token_format {
        put("token_format", json!(format.as_str()));
    }
    if let Some(alg) = resource.signing_alg {
        put("signing_alg", json!(alg.as_str()));
    }
    if let Some(ceiling) = resource.lifetime_ceiling {
        put("lifetime_ceiling", json!(ceiling.seconds()));
    }
    put("introspectors", resource.introspectors.iter().map(|id| json!(id.as_str())).collect());
    put("version", json!(record.version));
    Value::Object(members)
}

async fn rules(call: &Call<'_>, fields: &Fields) -> Result<Rules, Problem> {
    let mut clients = Vec::new();
    for text in fields.peek_texts("introspectors").into_iter().take(INTROSPECTORS_MAX) {
        let Ok(id) = ClientId::parse(&text) else { continue };
        if call.store().load_client(&id).await?.is_some() {
            clients.push(text);
        }
    }
    Ok(Rules { algs: super::keys::algs(call).await?, lifetime_ceiling: super::clients::lifetime_ceiling(call), clients })
}

async fn load(call: &Call<'_>) -> Result<ResourceRecord, Problem> {
    let found = call.store().load_resource(call.key()).await?;
    found.ok_or_else(|| Problem::not_found("resource", call.key()))
}

pub(super) async fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let page = call.query.page()?;
    let records = call.store().list_resources(page.after.clone(), page.ask()).await?;
    let items = records.iter().map(|record| (record.resource.identifier.to_string(), render(record))).collect();
    Ok(Reply::document(paging::document(items, &page)))
}

pub(super) async fn create(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut fields = call.fields()?;
    let rules = rules(call, &fields).await?;
    let resource = read(&mut fields, &rules, None);
    let resource = fields.finish(resource)?;
    let identifier = resource.identifier.clone();
    call.store().create_resource(call.actor(), resource).await?;
    let record = call.store().load_resource(&identifier).await?.ok_or_else(|| Problem::not_found("resource", &identifier))?;
    Ok(Reply::document(render(&record)).at(format!("/admin/v1/resources/{}", segment(&identifier))))
}

pub(super) async fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    Ok(Reply::document(render(&load(call).await?)))
}

pub(super) async fn update(call: &Call<'_>, operation: Operation) -> Result<Reply, Problem> {
    let expected = call.if_match()?;
    let held = load(call).await?;
    let document = render(&held);
    let mut fields = call.updated(operation, &document)?;
    let rules = rules(call, &fields).await?;
    let resource = read(&mut fields, &rules, Some((&held.resource.identifier, &document)));
    let resource = fields.finish(resource)?;
    // Invariant: a patch was laid over the version that was read, so it replaces that very version even for `*`.
    call.store().update_resource(call.actor(), resource, Some(expected.unwrap_or(held.version))).await?;
    Ok(Reply::document(render(&load(call).await?)))
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Reply, Problem> {
    let expected = call.if_match()?;
    call.store().delete_resource(call.actor(), call.key(), expected).await?;
    Ok(Reply::nothing())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules { algs: vec![SigningAlg::Es256], lifetime_ceiling: 86_400, clients: vec!["api".to_owned()] }
    }

    fn read_new(body: &Value) -> Result<Resource, Problem> {
        let mut fields = Fields::parse(body.to_string().as_bytes()).unwrap();
        let resource = read(&mut fields, &rules(), None);
        fields.finish(resource)
    }

    #[test]
    fn a_resource_survives_the_way_there_and_back() {
        let document = json!({ "identifier": "https://api.example", "name": "Orders", "scopes": ["read", "write"], "token_format": "opaque",
            "signing_alg": "ES256", "lifetime_ceiling": 600, "introspectors": ["api"], "version": 1 });
        let mut body = document.clone();
        body.as_object_mut().unwrap().remove("version");
        let resource = read_new(&body).unwrap();
        assert_eq!(render(&ResourceRecord { resource, version: 1 }), document);
        let known = super::super::schemas::properties("Resource");
        assert!(document.as_object().unwrap().keys().all(|name| known.contains(name)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let table = [
            (json!({}), "identifier"),
            (json!({ "identifier": "/api" }), "identifier"),
            (json!({ "identifier": "https://a.example#x" }), "identifier"),
            (json!({ "identifier": "urn:a:b", "scopes": ["a b"] }), "scopes.0"),
            (json!({ "identifier": "urn:a:b", "scopes": "a b" }), "scopes"),
            (json!({ "identifier": "urn:a:b", "token_format": "saml" }), "token_format"),
            (json!({ "identifier": "urn:a:b", "signing_alg": "ES512" }), "signing_alg"),
            (json!({ "identifier": "urn:a:b", "signing_alg": "none" }), "signing_alg"),
            (json!({ "identifier": "urn:a:b", "lifetime_ceiling": 0 }), "lifetime_ceiling"),
            (json!({ "identifier": "urn:a:b", "lifetime_ceiling": 86_401 }), "lifetime_ceiling"),
            (json!({ "identifier": "urn:a:b", "introspectors": ["nobody"] }), "introspectors.0"),
            (json!({ "identifier": "urn:a:b", "scope": "a" }), "scope"),
        ];
        for (body, field) in table {
            let problem = read_new(&body).unwrap_err();
            assert_eq!(problem.errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), [field], "{body}");
        }
    }
}
