//! `/admin/v1/plugins`: uploads, versions, and which of them is active.

pub(super) mod facts;
mod fit;
pub(crate) mod report;
mod upload;

use std::time::Duration;

use claimsmith_jose::Digest;
use claimsmith_store::{Fault, PluginRecord, VersionRecord, VersionState};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::problem::{Kind, Problem};
use super::{Call, Reply, paging};
use facts::find_digest;

pub(super) use upload::upload;

/// How long an activation waits for nodes to compile the version.
const READY_WAIT: Duration = Duration::from_secs(5);
const READY_POLL: Duration = Duration::from_millis(100);

pub(super) fn render_version(plugin: &PluginRecord, version: &VersionRecord) -> Value {
    let parse = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    json!({
        "plugin": plugin.name,
        "digest": version.digest.to_hex(),
        "state": version.state.as_str(),
        "active": plugin.active == Some(version.digest),
        "hooks": version.hooks.iter().map(|hook| hook.as_str()).collect::<Vec<_>>(),
        "manifest": parse(&version.manifest),
        "report": parse(&version.report),
        "uploaded_by": version.uploaded_by,
        "uploaded_at": version.uploaded_at.seconds(),
    })
}

fn render(plugin: &PluginRecord) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("name", json!(plugin.name));
    put("enabled", json!(plugin.enabled));
    if let Some(active) = &plugin.active {
        put("active", json!(active.to_hex()));
    }
    if let Some(previous) = &plugin.previous {
        put("previous", json!(previous.to_hex()));
    }
    put("versions", plugin.versions.iter().map(|version| render_version(plugin, version)).collect());
    put("version", json!(plugin.version));
    Value::Object(members)
}

async fn find(call: &Call<'_>, name: &str) -> Result<PluginRecord, Problem> {
    call.store().load_plugin(name).await?.ok_or_else(|| Problem::not_found("plugin", name))
}

/// The plugin and the version of the path: by its digest, or by that of the file it was uploaded as. Either may be shortened
/// while it stays unmistakable.
async fn find_version(call: &Call<'_>) -> Result<(PluginRecord, Digest), Problem> {
    let plugin = find(call, call.key()).await?;
    let text = call.values.get(1).map_or("", String::as_str);
    let by_digest = find_digest(plugin.versions.iter().map(|version| version.digest), text);
    let digest = by_digest.or_else(|detail| {
        let file = find_digest(plugin.versions.iter().filter_map(file_digest), text).map_err(|_| detail.clone())?;
        plugin.versions.iter().find(|version| file_digest(version) == Some(file)).map(|version| version.digest).ok_or(detail)
    });
    let digest = digest.map_err(|detail: String| Problem::new(Kind::NotFound, format!("plugin `{}`: {detail}", plugin.name)))?;
    Ok((plugin, digest))
}

/// SHA-256 of what was uploaded, custom sections included.
fn file_digest(version: &VersionRecord) -> Option<Digest> {
    let report: Value = serde_json::from_str(&version.report).ok()?;
    Digest::from_hex(report.get("file_digest")?.as_str()?).ok()
}

pub(super) async fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let page = call.query.page()?;
    let plugins = call.store().list_plugins().await?;
    let later = plugins.iter().filter(|plugin| page.after.as_deref().is_none_or(|after| &*plugin.name > after));
    let items = later.take(page.limit + 1).map(|plugin| (plugin.name.to_string(), render(plugin))).collect();
    Ok(Reply::document(paging::document(items, &page)))
}

pub(super) async fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    Ok(Reply::document(render(&find(call, call.key()).await?)))
}

pub(super) async fn show_version(call: &Call<'_>) -> Result<Reply, Problem> {
    let (plugin, digest) = find_version(call).await?;
    let version = plugin.versions.iter().find(|version| version.digest == digest);
    version.map(|version| Reply::document(render_version(&plugin, version))).ok_or_else(|| Problem::not_found("version", &digest.to_hex()))
}

/// Waits until every live node has compiled the version.
async fn await_ready(call: &Call<'_>, digest: Digest) -> Result<(), Problem> {
    let deadline = Instant::now() + READY_WAIT;
    while !call.store().live_nodes_ready(digest).await? && Instant::now() < deadline {
        tokio::time::sleep(READY_POLL).await;
    }
    Ok(())
}

/// Errors when a version does not fit the bindings that would follow it, or is not ready on a node.
async fn may_be_active(call: &Call<'_>, plugin: &str, digest: Digest) -> Result<(), Problem> {
    fit::check(call, plugin, &digest).await?;
    await_ready(call, digest).await
}

/// Makes a version the active one, with one change of the generation. Nodes that are late refuse it by name.
pub(super) async fn switch_to(call: &Call<'_>, plugin: &str, digest: Digest) -> Result<(), Problem> {
    may_be_active(call, plugin, digest).await?;
    call.store().activate(call.actor(), plugin, digest, None).await.map_err(late)?;
    Ok(())
}

fn late(fault: Fault) -> Problem {
    match fault {
        Fault::NotReady { nodes, .. } => {
            let detail = format!(
                "after {} s these nodes have not compiled the version: {}; try again, or look at their logs",
                READY_WAIT.as_secs(),
                nodes.join(", ")
            );
            Problem::new(Kind::NotReady, detail).with("nodes", json!(nodes))
        }
        other => other.into(),
    }
}

pub(super) async fn activate(call: &Call<'_>) -> Result<Reply, Problem> {
    let (plugin, digest) = find_version(call).await?;
    switch_to(call, &plugin.name, digest).await?;
    show(call).await
}

pub(super) async fn rollback(call: &Call<'_>) -> Result<Reply, Problem> {
    let plugin = find(call, call.key()).await?;
    let none = || Problem::new(Kind::Conflict, format!("plugin `{}` has no version to go back to", plugin.name));
    let previous = plugin.previous.ok_or_else(none)?;
    may_be_active(call, &plugin.name, previous).await?;
    call.store().rollback(call.actor(), &plugin.name, Some(plugin.version)).await.map_err(late)?;
    show(call).await
}

pub(super) async fn set_version(call: &Call<'_>, state: VersionState) -> Result<Reply, Problem> {
    let (plugin, digest) = find_version(call).await?;
    if state == VersionState::Disabled && plugin.active == Some(digest) {
        let detail = "the version is active: activate another, roll back, or disable the plugin as a whole";
        return Err(Problem::new(Kind::Conflict, detail));
    }
    call.store().set_version_state(call.actor(), &plugin.name, digest, state).await?;
    show(call).await
}

pub(super) async fn set_enabled(call: &Call<'_>, enabled: bool) -> Result<Reply, Problem> {
    call.store().set_plugin_enabled(call.actor(), call.key(), enabled, None).await?;
    show(call).await
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Reply, Problem> {
    let expected = call.if_match()?;
    call.store().delete_plugin(call.actor(), call.key(), expected).await.map_err(|fault| match fault {
        Fault::Reference { .. } => Problem::new(Kind::Conflict, format!("plugin `{}` is bound: remove its bindings first", call.key())),
        other => other.into(),
    })?;
    Ok(Reply::nothing())
}
