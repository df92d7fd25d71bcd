//! `/admin/v1/trusted-issuers`: other issuers whose tokens are believed here.

use claimsmith_issuer::trust::TrustedIssuer;
use claimsmith_store::TrustedIssuerRecord;
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::problem::Problem;
use super::routes::Operation;
use super::{Call, Reply, paging, segment};

/// Reads a trusted issuer. `held` is the one that is replaced.
fn read(fields: &mut Fields, held: Option<(&str, &Value)>) -> Option<TrustedIssuer> {
    if let Some((_, document)) = held {
        fields.read_only(&["version"], document);
    }
    let mut document = Map::new();
    for name in TrustedIssuer::MEMBERS {
        document.extend(fields.take(name).map(|value| (name.to_owned(), value)));
    }
    if let Some((issuer, _)) = held {
        document.entry("issuer").or_insert_with(|| json!(issuer));
        if document["issuer"] != *issuer {
            fields.wrong("issuer", "cannot be changed");
            return None;
        }
    }
    let trusted: TrustedIssuer = match serde_path_to_error::deserialize(Value::Object(document)) {
        Ok(trusted) => trusted,
        Err(error) => {
            fields.wrong(error.path().to_string().replace('[', ".").trim_end_matches(']'), error.inner().to_string());
            return None;
        }
    };
    for wrong in trusted.check() {
        fields.wrong(&wrong.field, wrong.detail);
    }
    Some(trusted)
}

/// The document.
fn render(record: &TrustedIssuerRecord) -> Value {
    let mut document = serde_json::to_value(&record.trusted).unwrap_or_else(|_| json!({}));
    document["version"] = json!(record.version);
    document
}

async fn load(call: &Call<'_>) -> Result<TrustedIssuerRecord, Problem> {
    let found = call.store().load_trusted_issuer(call.key()).await?;
    found.ok_or_else(|| Problem::not_found("trusted issuer", call.key()))
}

pub(super) async fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let page = call.query.page()?;
    let records = call.store().list_trusted_issuers(page.after.clone(), page.ask()).await?;
    let items = records.iter().map(|record| (record.trusted.issuer.to_string(), render(record))).collect();
    Ok(Reply::document(paging::document(items, &page)))
}

pub(super) async fn create(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut fields = call.fields()?;
    let trusted = read(&mut fields, None);
    let trusted = fields.finish(trusted)?;
    let issuer = trusted.issuer.clone();
    call.store().create_trusted_issuer(call.actor(), trusted).await?;
    let record = call.store().load_trusted_issuer(&issuer).await?.ok_or_else(|| Problem::not_found("trusted issuer", &issuer))?;
    Ok(Reply::document(render(&record)).at(format!("/admin/v1/trusted-issuers/{}", segment(&issuer))))
}

pub(super) async fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    Ok(Reply::document(render(&load(call).await?)))
}

pub(super) async fn update(call: &Call<'_>, operation: Operation) -> Result<Reply, Problem> {
    let expected = call.if_match()?;
    let held = load(call).await?;
    let document = render(&held);
    let mut fields = call.updated(operation, &document)?;
    let trusted = read(&mut fields, Some((&held.trusted.issuer, &document)));
    let trusted = fields.finish(trusted)?;
    // Invariant: a patch was laid over the version that was read, so it replaces that very version even for `*`.
    call.store().update_trusted_issuer(call.actor(), trusted, Some(expected.unwrap_or(held.version))).await?;
    Ok(Reply::document(render(&load(call).await?)))
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Reply, Problem> {
    let expected = call.if_match()?;
    call.store().delete_trusted_issuer(call.actor(), call.key(), expected).await?;
    Ok(Reply::nothing())
}
