//! Bindings: which plugin runs for whom, with what configuration and what permissions.

mod schema;

pub(super) use schema::{broken as broken_schema, misfits};

use claimsmith_issuer::binding::{Binding, BindingLimits, OnFailure, Permission, Target};
use claimsmith_jose::Digest;
use claimsmith_protocol::id::ClientId;
use claimsmith_store::BindingRecord;
use serde_json::{Map, Value, json};

use super::authority::Scope;
use super::clients::metadata::check_tag;
use super::fields::Fields;
use super::plugins::facts::{PluginFacts, find_digest};
use super::problem::Problem;
use super::routes::Operation;
use super::{Call, Reply, paging, plugins};

const PERMISSIONS_MAX: usize = 200;
/// Largest configuration, bytes of compact JSON.
const CONFIGURATION_MAX: usize = 64 << 10;
/// The distance between bindings when nobody says, so that others fit between.
const STEP: i32 = 10;

/// What a binding may use at most: the server's own limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ceilings {
    pub(crate) fuel: u64,
    pub(crate) milliseconds: u32,
}

impl Ceilings {
    pub(crate) fn of(call: &Call<'_>) -> Self {
        let limits = &call.desk.rooms.settings.hook_limits;
        Self { fuel: limits.fuel, milliseconds: u32::try_from(limits.wall.as_millis()).unwrap_or(u32::MAX) }
    }
}

/// What a binding is read against.
pub(crate) struct Frame<'a> {
    pub(crate) id: i64,
    pub(crate) target: Target,
    /// The plugin it names, when there is one.
    pub(crate) plugin: Option<&'a PluginFacts>,
    pub(crate) ceilings: Ceilings,
    /// Where it goes when it does not say.
    pub(crate) position: i32,
}

/// Reads a binding.
pub(crate) fn read(fields: &mut Fields, frame: Frame<'_>) -> Option<Binding> {
    let name = fields.line("plugin", 128);
    if name.is_none() && fields.is_sound("plugin") {
        fields.wrong("plugin", "is missing");
    }
    let plugin = frame.plugin.filter(|plugin| Some(&*plugin.name) == name.as_deref());
    if let (Some(name), None) = (&name, plugin) {
        fields.wrong("plugin", format!("there is no plugin `{name}`; `claimsmith plugin push` uploads one"));
    }
    let pinned = pinned(fields, plugin);
    let position = fields.integer("position", i64::from(i32::MIN)..=i64::from(i32::MAX)).and_then(|n| i32::try_from(n).ok());
    let configuration = configuration(fields, plugin, pinned.as_ref());
    let check = |text: &str| Permission::parse(text).map(drop).map_err(|invalid| invalid.to_string());
    let permissions = fields.texts("permissions", PERMISSIONS_MAX, check).unwrap_or_default();
    let on_failure = on_failure(fields);
    let limits = limits(fields, frame.ceilings);
    Some(Binding {
        id: frame.id,
        target: frame.target,
        plugin: name?.into(),
        pinned,
        position: position.unwrap_or(frame.position),
        configuration,
        permissions: permissions.iter().filter_map(|text| Permission::parse(text).ok()).collect(),
        on_failure,
        limits,
    })
}

fn pinned(fields: &mut Fields, plugin: Option<&PluginFacts>) -> Option<Digest> {
    let text = fields.text("digest")?;
    let plugin = plugin?;
    match find_digest(plugin.versions.iter().map(|version| version.digest), &text) {
        Ok(digest) if plugin.version(&digest).is_some_and(|version| version.disabled) => {
            fields.wrong("digest", "this version is disabled");
            None
        }
        Ok(digest) => Some(digest),
        Err(detail) => {
            fields.wrong("digest", detail);
            None
        }
    }
}

fn configuration(fields: &mut Fields, plugin: Option<&PluginFacts>, pinned: Option<&Digest>) -> Box<str> {
    let value = fields.take("configuration").unwrap_or_else(|| json!({}));
    let text = value.to_string();
    if text.len() > CONFIGURATION_MAX {
        fields.wrong("configuration", format!("has {} bytes; {CONFIGURATION_MAX} are allowed", text.len()));
    } else if let Some(schema) = plugin.and_then(|plugin| plugin.schema_for(pinned)) {
        for (place, detail) in schema::check(&schema, &value) {
            fields.wrong(&format!("configuration{place}"), detail);
        }
    }
    text.into()
}

fn on_failure(fields: &mut Fields) -> OnFailure {
    if matches!(fields.peek_text("on_failure").as_deref(), Some("last_good" | "last-good")) {
        fields.take("on_failure");
        fields.wrong("on_failure", "last_good is not yet available; use refuse or skip");
        return OnFailure::Refuse;
    }
    fields.choice("on_failure", &["refuse", "skip"], OnFailure::parse).unwrap_or(OnFailure::Refuse)
}

fn limits(fields: &mut Fields, ceilings: Ceilings) -> BindingLimits {
    let read = fields.nested("limits", |inner| BindingLimits {
        fuel: inner.integer("fuel", 1..=i64::try_from(ceilings.fuel).unwrap_or(i64::MAX)).and_then(|n| u64::try_from(n).ok()),
        milliseconds: inner.integer("milliseconds", 1..=i64::from(ceilings.milliseconds)).and_then(|n| u32::try_from(n).ok()),
    });
    read.unwrap_or_default()
}

/// The binding's document.
pub(crate) fn render(record: &BindingRecord) -> Value {
    let mut document = render_binding(&record.binding);
    document["version"] = json!(record.version);
    document
}

/// The same of a binding whose version is not at hand.
pub(crate) fn render_binding(binding: &Binding) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("id", json!(binding.id));
    put("target", target_document(&binding.target));
    put("plugin", json!(binding.plugin));
    if let Some(digest) = &binding.pinned {
        put("digest", json!(digest.to_hex()));
    }
    put("position", json!(binding.position));
    put("configuration", serde_json::from_str(&binding.configuration).unwrap_or(Value::Null));
    put("permissions", binding.permissions.iter().map(|permission| json!(permission.to_text())).collect());
    put("on_failure", json!(binding.on_failure.as_str()));
    let mut limits = Map::new();
    limits.extend(binding.limits.fuel.map(|fuel| ("fuel".to_owned(), json!(fuel))));
    limits.extend(binding.limits.milliseconds.map(|time| ("milliseconds".to_owned(), json!(time))));
    put("limits", Value::Object(limits));
    Value::Object(members)
}

fn target_document(target: &Target) -> Value {
    match target {
        Target::All => json!({ "kind": "all" }),
        Target::Tag(tag) => json!({ "kind": "tag", "tag": tag }),
        Target::Client(id) => json!({ "kind": "client", "client_id": id.as_str() }),
    }
}

/// The bindings that a client's tokens meet, in their order.
pub(super) async fn effective(call: &Call<'_>) -> Result<Reply, Problem> {
    let client = super::clients::load(call).await?.record.client;
    let mut records = call.store().list_bindings(Target::All).await?;
    let mut tagged = Vec::new();
    for tag in &client.tags {
        tagged.extend(call.store().list_bindings(Target::Tag(tag.clone())).await?);
    }
    tagged.sort_by_key(|record| (record.binding.position, record.binding.id));
    records.extend(tagged);
    records.extend(call.store().list_bindings(Target::Client(client.id.clone())).await?);
    page(call, &records)
}

/// All bindings of a target fit one page: there are only as many as somebody wrote.
fn page(call: &Call<'_>, records: &[BindingRecord]) -> Result<Reply, Problem> {
    let page = call.query.page()?;
    let after = page.after.as_deref();
    let start = after
        .map_or(0, |after| records.iter().position(|record| record.binding.id.to_string() == after).map_or(records.len(), |at| at + 1));
    let items = records[start..].iter().map(|record| (record.binding.id.to_string(), render(record))).collect();
    Ok(Reply::document(paging::document(items, &page)))
}

async fn target(call: &Call<'_>, operation: Operation) -> Result<Target, Problem> {
    match operation {
        Operation::BindClient => Ok(Target::Client(super::clients::load(call).await?.record.client.id)),
        Operation::BindTag | Operation::ListTagBindings => match check_tag(call.key()) {
            Ok(()) => Ok(Target::Tag(call.key().into())),
            Err(detail) => Err(Problem::field("tag", detail)),
        },
        _ => Ok(Target::All),
    }
}

pub(super) async fn list(call: &Call<'_>, operation: Operation) -> Result<Reply, Problem> {
    let records = call.store().list_bindings(target(call, operation).await?).await?;
    page(call, &records)
}

/// Where a binding goes that does not say: behind the last.
pub(crate) fn behind(last: Option<i32>) -> i32 {
    last.map_or(STEP, |last| last.saturating_add(STEP))
}

pub(super) async fn create(call: &Call<'_>, operation: Operation) -> Result<Reply, Problem> {
    let target = target(call, operation).await?;
    let mut fields = call.fields()?;
    let last = call.store().list_bindings(target.clone()).await?.last().map(|record| record.binding.position);
    let plugin = plugin_of(call, &fields).await?;
    let frame = Frame { id: 0, target, plugin: plugin.as_ref(), ceilings: Ceilings::of(call), position: behind(last) };
    let binding = read(&mut fields, frame);
    let binding = fields.finish(binding)?;
    let id = call.store().create_binding(call.actor(), binding).await?.value;
    let record = find(call, id).await?;
    Ok(Reply::document(render(&record)).at(format!("/admin/v1/bindings/{id}")))
}

async fn plugin_of(call: &Call<'_>, fields: &Fields) -> Result<Option<PluginFacts>, Problem> {
    match fields.peek_text("plugin") {
        Some(name) => plugins::facts::load(call, &name).await,
        None => Ok(None),
    }
}

async fn find(call: &Call<'_>, id: i64) -> Result<BindingRecord, Problem> {
    call.store().load_binding(id).await?.ok_or_else(|| Problem::not_found("binding", &id.to_string()))
}

/// The binding of the path, when the administrator may touch what it is for.
async fn load(call: &Call<'_>, plugins: Scope, clients: Scope) -> Result<BindingRecord, Problem> {
    let id = call.key().parse().map_err(|_| Problem::not_found("binding", call.key()))?;
    let record = find(call, id).await?;
    match record.binding.target {
        Target::Client(_) => call.need(clients).or_else(|_| call.need(plugins))?,
        Target::All | Target::Tag(_) => call.need(plugins)?,
    }
    Ok(record)
}

pub(super) async fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    Ok(Reply::document(render(&load(call, Scope::PluginsRead, Scope::ClientsRead).await?)))
}

pub(super) async fn update(call: &Call<'_>, operation: Operation) -> Result<Reply, Problem> {
    let expected = call.if_match()?;
    let held = load(call, Scope::PluginsWrite, Scope::ClientsWrite).await?;
    let document = render(&held);
    let mut fields = call.updated(operation, &document)?;
    fields.read_only(&["id", "target", "version"], &document);
    let plugin = plugin_of(call, &fields).await?;
    let Binding { id, target, position, .. } = held.binding;
    let binding = read(&mut fields, Frame { id, target, plugin: plugin.as_ref(), ceilings: Ceilings::of(call), position });
    let binding = fields.finish(binding)?;
    call.store().update_binding(call.actor(), binding, Some(expected.unwrap_or(held.version))).await?;
    Ok(Reply::document(render(&find(call, id).await?)))
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Reply, Problem> {
    let expected = call.if_match()?;
    let held = load(call, Scope::PluginsWrite, Scope::ClientsWrite).await?;
    call.store().delete_binding(call.actor(), held.binding.id, expected).await?;
    Ok(Reply::nothing())
}

/// Reads the bindings that come with a new client.
pub(crate) fn read_inline(fields: &mut Fields, client: &ClientId, known: &[PluginFacts], ceilings: Ceilings) -> Vec<Binding> {
    let mut last = None;
    let bindings = fields.objects("bindings", 100, |_, inner| {
        let plugin = inner.peek_text("plugin").and_then(|name| known.iter().find(|facts| *facts.name == *name));
        let frame = Frame { id: 0, target: Target::Client(client.clone()), plugin, ceilings, position: behind(last) };
        let binding = read(inner, frame)?;
        last = Some(binding.position);
        Some(binding)
    });
    bindings.unwrap_or_default()
}

#[cfg(test)]
mod tests;
