//! An upload: inspected, compiled in a child, tested with its own fixtures, stored by its digest. Whatever fails, nothing is kept.

use std::sync::Arc;

use claimsmith_hooks::{Inspection, LoadFault, SelfTest, inspect};
use claimsmith_jose::Digest;
use claimsmith_store::NewVersion;
use serde_json::{Value, json};

use super::{report, switch_to};
use crate::admin::bindings::broken_schema;
use crate::admin::problem::{Kind, Problem};
use crate::admin::{Call, Reply, internal, paging, segment};

/// The one channel there is: what bindings without a digest follow.
const ACTIVE: &str = "active";

pub(in crate::admin) async fn upload(call: &Call<'_>) -> Result<Reply, Problem> {
    let activate = channel(call.query.text("channel"))?;
    let inspection = inspected(call).await?;
    let name = name(call.query.text("name"), &inspection)?;
    let manifest = report::manifest(&inspection);
    if let Some(broken) = manifest.get("configuration_schema").filter(|schema| !schema.is_null()).and_then(broken_schema) {
        return Err(refused(format!("its configuration_schema cannot be used: {broken}")));
    }
    let (digest, test) = tested(call, &inspection).await?;
    let limits = &call.desk.rooms.settings.hook_limits;
    let mut document = report::inspection(&inspection, limits);
    document["self_test"] = test.as_ref().map_or_else(|| json!({ "passed": 0, "failed": 0, "fixtures": [] }), report::self_test);
    let version = NewVersion {
        plugin: name.as_str().into(),
        digest,
        component: inspection.component,
        manifest: manifest.to_string().into(),
        hooks: inspection.hooks,
        report: document.to_string().into(),
    };
    let known = call.store().load_plugin(&name).await?.is_some_and(|plugin| plugin.versions.iter().any(|held| held.digest == digest));
    call.store().save_version(call.actor(), version).await?;
    document["name"] = json!(name);
    document["manifest"] = manifest;
    document["known"] = json!(known);
    document["activated"] = json!(activate);
    if activate {
        switch_to(call, &name, digest).await?;
    }
    let place = format!("/admin/v1/plugins/{}/versions/{}", segment(&name), digest.to_hex());
    Ok(Reply::document(document).at(place))
}

fn channel(text: Option<&str>) -> Result<bool, Problem> {
    match text {
        None => Ok(false),
        Some(ACTIVE) => Ok(true),
        Some(_) => Err(paging::wrong("channel", "there is one channel, `active`: with it the version is activated at once")),
    }
}

fn refused(detail: String) -> Problem {
    Problem::new(Kind::PluginRefused, detail)
}

/// Security: the cheap checks of form come before anything is compiled; they run apart from the threads that serve.
async fn inspected(call: &Call<'_>) -> Result<Inspection, Problem> {
    let (body, host) = (call.arrival.body.clone(), Arc::clone(&call.desk.rooms.host));
    let inspection = tokio::task::spawn_blocking(move || inspect(&body, host.settings())).await;
    inspection.map_err(|error| internal(&error))?.map_err(|refusal| refused(refusal.to_string()))
}

fn name(asked: Option<&str>, inspection: &Inspection) -> Result<String, Problem> {
    let name = asked.or(inspection.manifest.as_ref().map(|manifest| manifest.name.as_str()));
    let name = name.ok_or_else(|| paging::wrong("name", "the component has no manifest; say `?name=`"))?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    match !name.is_empty() && name.len() <= 64 && name.bytes().all(plain) {
        true => Ok(name.to_owned()),
        false => Err(paging::wrong("name", "must be 1 to 64 lower-case letters, digits, dashes and underscores")),
    }
}

/// Compiles it in a child process and runs its own fixtures in the sandbox.
async fn tested(call: &Call<'_>, inspection: &Inspection) -> Result<(Digest, Option<SelfTest>), Problem> {
    let digest = Digest::of(&inspection.component);
    let (host, compiler, component) = (Arc::clone(&call.desk.rooms.host), Arc::clone(&call.desk.compiler), inspection.component.clone());
    let loaded = tokio::task::spawn_blocking(move || host.load(&digest, &component, &compiler)).await;
    let plugin = loaded.map_err(|error| internal(&error))?.map_err(|fault| match fault {
        LoadFault::Refused(refusal) => refused(refusal.to_string()),
        LoadFault::Host(fault) => internal(&fault),
    })?;
    let Some(manifest) = &inspection.manifest else { return Ok((digest, None)) };
    let test = call.desk.rooms.host.self_test(&plugin, manifest.fixtures.get()).await.map_err(|refusal| refused(refusal.to_string()))?;
    if test.passed() {
        return Ok((digest, Some(test)));
    }
    let results = report::self_test(&test);
    let detail = format!("{} of its {} fixtures failed; `claimsmith plugin test` shows how", results["failed"], test.results.len());
    Err(refused(detail).with("self_test", Value::clone(&results)))
}
