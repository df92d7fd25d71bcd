//! `plugins`, `plugin_versions` and `plugin_components`.

use claimsmith_issuer::hook::HookPoint;
use claimsmith_jose::Digest;
use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper};

use crate::changes::{Change, EntityKind, Written, change, expect_version};
use crate::connection::Tx;
use crate::fault::Fault;
use crate::instant;
use crate::nodes;
use crate::schema::{plugin_components, plugin_versions, plugins};
use crate::store::Store;

/// A version of a plugin that has passed every check of the upload.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// The plugin's name.
    pub plugin: Box<str>,
    /// SHA-256 of `component`.
    pub digest: Digest,
    /// The component, without its custom sections.
    pub component: Vec<u8>,
    /// Its manifest, a JSON object.
    pub manifest: Box<str>,
    /// The hooks it exports.
    pub hooks: Vec<HookPoint>,
    /// What its self-test said, a JSON object.
    pub report: Box<str>,
}

/// A plugin with its versions, without their code.
#[derive(Debug, Clone)]
pub struct PluginRecord {
    /// Its name.
    pub name: Box<str>,
    /// A disabled plugin is not called; its bindings fail as their policy says.
    pub enabled: bool,
    /// The version that runs where a binding pins none.
    pub active: Option<Digest>,
    /// The version that a rollback returns to.
    pub previous: Option<Digest>,
    /// The version counter of this row, the `ETag` of the admin API.
    pub version: i64,
    /// Every version, the latest upload first.
    pub versions: Vec<VersionRecord>,
}

/// One version of a plugin.
#[derive(Debug, Clone)]
pub struct VersionRecord {
    /// SHA-256 of the component.
    pub digest: Digest,
    /// Its manifest, a JSON object.
    pub manifest: Box<str>,
    /// The hooks it exports.
    pub hooks: Vec<HookPoint>,
    /// Whether it may run.
    pub state: VersionState,
    /// What its self-test said, a JSON object.
    pub report: Box<str>,
    /// Who uploaded it.
    pub uploaded_by: Box<str>,
    /// When, by the database's clock.
    pub uploaded_at: Timestamp,
}

/// Whether a version may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionState {
    /// It may.
    Ready,
    /// It may not, neither as the active version nor pinned.
    Disabled,
}

impl VersionState {
    /// The name in the database and in the admin API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Disabled => "disabled",
        }
    }

    /// The state of a name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Ready, Self::Disabled].into_iter().find(|state| state.as_str() == text)
    }
}

const KIND: EntityKind = EntityKind::Plugin;

impl Store {
    /// Keeps a version, and the plugin if it is new; nothing runs it yet. Uploading the same bytes again changes nothing but
    /// manifest and report, and makes a disabled version ready.
    pub async fn save_version(&self, actor: &str, version: NewVersion) -> Result<Written, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| change(tx, Change::of(&actor, "upload", KIND, &version.plugin), |tx| save(tx, &actor, &version)))
            .await
    }

    /// Makes a version the active one, once every live node has it ready.
    pub async fn activate(&self, actor: &str, plugin: &str, digest: Digest, expected: Option<i64>) -> Result<Written, Fault> {
        let (actor, plugin) = (actor.to_owned(), plugin.to_owned());
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "activate", KIND, &plugin), |tx| {
                    let held = expect(tx, &plugin, expected)?;
                    expect_ready(tx, &plugin, &digest)?;
                    let previous =
                        if held.active_digest.as_deref() == Some(digest.as_bytes()) { held.previous_digest } else { held.active_digest };
                    switch(tx, &plugin, Some(digest.as_bytes().to_vec()), previous)
                })
            })
            .await
    }

    /// Returns to the version that was active before; the two change places.
    pub async fn rollback(&self, actor: &str, plugin: &str, expected: Option<i64>) -> Result<Written<Digest>, Fault> {
        let (actor, plugin) = (actor.to_owned(), plugin.to_owned());
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "rollback", KIND, &plugin), |tx| {
                    let held = expect(tx, &plugin, expected)?;
                    let none = || Fault::Missing { kind: "previous version of plugin", key: plugin.clone() };
                    let previous = held.previous_digest.ok_or_else(none)?;
                    let digest =
                        Digest::try_from(previous.as_slice()).map_err(|_| Fault::corrupt("plugins", "previous_digest", plugin.clone()))?;
                    expect_ready(tx, &plugin, &digest)?;
                    switch(tx, &plugin, Some(previous), held.active_digest)?;
                    Ok(digest)
                })
            })
            .await
    }

    /// Enables or disables a plugin as a whole.
    pub async fn set_plugin_enabled(&self, actor: &str, plugin: &str, enabled: bool, expected: Option<i64>) -> Result<Written, Fault> {
        let (actor, plugin) = (actor.to_owned(), plugin.to_owned());
        let action = if enabled { "enable" } else { "disable" };
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, action, KIND, &plugin), |tx| {
                    expect(tx, &plugin, expected)?;
                    let changed =
                        (plugins::enabled.eq(enabled), plugins::version.eq(plugins::version + 1), plugins::updated_at.eq(diesel::dsl::now));
                    diesel::update(plugins::table.find(&plugin)).set(changed).execute(tx)?;
                    Ok(())
                })
            })
            .await
    }

    /// Disables one version, or makes it ready again. An active version cannot be disabled: activate another, or disable the
    /// plugin.
    pub async fn set_version_state(&self, actor: &str, plugin: &str, digest: Digest, state: VersionState) -> Result<Written, Fault> {
        let (actor, plugin) = (actor.to_owned(), plugin.to_owned());
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "version", KIND, &plugin), |tx| {
                    let held = expect(tx, &plugin, None)?;
                    if state == VersionState::Disabled && held.active_digest.as_deref() == Some(digest.as_bytes()) {
                        let constraint = "the version is active".to_owned();
                        return Err(Fault::Reference { kind: KIND.as_str(), key: plugin.clone(), constraint });
                    }
                    let found = diesel::update(plugin_versions::table.find((&plugin, &digest.as_bytes()[..])))
                        .set(plugin_versions::state.eq(state.as_str()))
                        .execute(tx)?;
                    if found == 0 { Err(missing_version(&digest)) } else { Ok(()) }
                })
            })
            .await
    }

    /// Deletes a plugin with its versions, when nothing is bound to it; code that no plugin has any more goes too.
    pub async fn delete_plugin(&self, actor: &str, plugin: &str, expected: Option<i64>) -> Result<Written, Fault> {
        let (actor, plugin) = (actor.to_owned(), plugin.to_owned());
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "delete", KIND, &plugin), |tx| {
                    expect(tx, &plugin, expected)?;
                    diesel::delete(plugins::table.find(&plugin)).execute(tx)?;
                    let used = plugin_versions::table.select(plugin_versions::version_digest);
                    diesel::delete(plugin_components::table.filter(plugin_components::component_digest.ne_all(used))).execute(tx)?;
                    Ok(())
                })
            })
            .await
    }

    /// The plugin of a name.
    pub async fn load_plugin(&self, name: &str) -> Result<Option<PluginRecord>, Fault> {
        let name = name.to_owned();
        self.boundary
            .snapshot(move |tx| {
                let row = plugins::table.find(&name).select(Row::as_select()).first(tx).optional()?;
                Ok(records(tx, row.into_iter().collect())?.pop())
            })
            .await
    }

    /// Every plugin, by name.
    pub async fn list_plugins(&self) -> Result<Vec<PluginRecord>, Fault> {
        self.boundary.snapshot(list).await
    }

    /// The code of a version.
    // Security: the bytes are checked against their digest here, so that no node compiles what the database made of them.
    pub async fn plugin_component(&self, digest: Digest) -> Result<Option<Vec<u8>>, Fault> {
        self.boundary
            .read(move |tx| {
                let bytes: Option<Vec<u8>> =
                    plugin_components::table.find(&digest.as_bytes()[..]).select(plugin_components::component).first(tx).optional()?;
                match bytes {
                    Some(bytes) if Digest::of(&bytes) != digest => Err(Fault::corrupt("plugin_components", "component", digest.to_hex())),
                    bytes => Ok(bytes),
                }
            })
            .await
    }
}

fn missing_version(digest: &Digest) -> Fault {
    Fault::Missing { kind: "plugin version", key: digest.to_hex() }
}

fn save(tx: &mut Tx, actor: &str, version: &NewVersion) -> Result<(), Fault> {
    let digest = &version.digest.as_bytes()[..];
    if Digest::of(&version.component) != version.digest {
        return Err(Fault::corrupt("plugin_components", "component", version.digest.to_hex()));
    }
    diesel::insert_into(plugin_components::table)
        .values((plugin_components::component_digest.eq(digest), plugin_components::component.eq(&version.component)))
        .on_conflict_do_nothing()
        .execute(tx)?;
    diesel::insert_into(plugins::table).values(plugins::name.eq(&*version.plugin)).on_conflict_do_nothing().execute(tx)?;
    let told = (
        plugin_versions::manifest.eq(&*version.manifest),
        plugin_versions::hooks.eq(version.hooks.iter().map(|hook| hook.as_str()).collect::<Vec<_>>()),
        plugin_versions::state.eq(VersionState::Ready.as_str()),
        plugin_versions::report.eq(&*version.report),
        plugin_versions::uploaded_by.eq(actor),
    );
    diesel::insert_into(plugin_versions::table)
        .values((plugin_versions::plugin.eq(&*version.plugin), plugin_versions::version_digest.eq(digest), told.clone()))
        .on_conflict((plugin_versions::plugin, plugin_versions::version_digest))
        .do_update()
        .set(told)
        .execute(tx)?;
    Ok(())
}

fn expect(tx: &mut Tx, plugin: &str, expected: Option<i64>) -> Result<Row, Fault> {
    let row: Option<Row> = plugins::table.find(plugin).select(Row::as_select()).first(tx).optional()?;
    expect_version(KIND, plugin, row.as_ref().map(|row| row.version), expected)?;
    row.ok_or_else(|| Fault::Missing { kind: KIND.as_str(), key: plugin.to_owned() })
}

/// Errors unless the version exists, is not disabled, and every live node has compiled it.
fn expect_ready(tx: &mut Tx, plugin: &str, digest: &Digest) -> Result<(), Fault> {
    let state: Option<String> =
        plugin_versions::table.find((plugin, &digest.as_bytes()[..])).select(plugin_versions::state).first(tx).optional()?;
    match state.as_deref().map(VersionState::parse) {
        Some(Some(VersionState::Ready)) => {}
        Some(Some(VersionState::Disabled)) => {
            let constraint = "the version is disabled".to_owned();
            return Err(Fault::Reference { kind: KIND.as_str(), key: plugin.to_owned(), constraint });
        }
        Some(None) => return Err(Fault::corrupt("plugin_versions", "state", digest.to_hex())),
        None => return Err(missing_version(digest)),
    }
    let nodes = nodes::lacking(tx, digest)?;
    if nodes.is_empty() { Ok(()) } else { Err(Fault::NotReady { plugin: plugin.to_owned(), nodes }) }
}

fn switch(tx: &mut Tx, plugin: &str, active: Option<Vec<u8>>, previous: Option<Vec<u8>>) -> Result<(), Fault> {
    diesel::update(plugins::table.find(plugin))
        .set((
            plugins::active_digest.eq(active),
            plugins::previous_digest.eq(previous),
            plugins::version.eq(plugins::version + 1),
            plugins::updated_at.eq(diesel::dsl::now),
        ))
        .execute(tx)?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = plugins)]
struct Row {
    name: String,
    enabled: bool,
    active_digest: Option<Vec<u8>>,
    previous_digest: Option<Vec<u8>>,
    version: i64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = plugin_versions)]
struct VersionRow {
    plugin: String,
    version_digest: Vec<u8>,
    manifest: String,
    hooks: Vec<String>,
    state: String,
    report: String,
    uploaded_by: String,
    uploaded_at: PgTimestamp,
}

/// Every plugin, by name.
pub(crate) fn list(tx: &mut Tx) -> Result<Vec<PluginRecord>, Fault> {
    let rows = plugins::table.order(plugins::name).select(Row::as_select()).load(tx)?;
    records(tx, rows)
}

fn records(tx: &mut Tx, rows: Vec<Row>) -> Result<Vec<PluginRecord>, Fault> {
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let versions: Vec<VersionRow> = plugin_versions::table
        .filter(plugin_versions::plugin.eq_any(&names))
        .order((plugin_versions::uploaded_at.desc(), plugin_versions::version_digest))
        .select(VersionRow::as_select())
        .load(tx)?;
    let mut of_plugin = std::collections::HashMap::<String, Vec<VersionRecord>>::new();
    for row in versions {
        of_plugin.entry(row.plugin.clone()).or_default().push(row.try_into()?);
    }
    rows.into_iter()
        .map(|row| {
            let digest = |column, bytes: &Option<Vec<u8>>| {
                bytes.as_deref().map(Digest::try_from).transpose().map_err(|_| Fault::corrupt("plugins", column, row.name.clone()))
            };
            Ok(PluginRecord {
                enabled: row.enabled,
                active: digest("active_digest", &row.active_digest)?,
                previous: digest("previous_digest", &row.previous_digest)?,
                version: row.version,
                versions: of_plugin.remove(&row.name).unwrap_or_default(),
                name: row.name.as_str().into(),
            })
        })
        .collect()
}

impl TryFrom<VersionRow> for VersionRecord {
    type Error = Fault;

    fn try_from(row: VersionRow) -> Result<Self, Fault> {
        let corrupt = |column| Fault::corrupt("plugin_versions", column, format!("{} {:02x?}", row.plugin, row.version_digest));
        let hooks: Option<Vec<HookPoint>> = row.hooks.iter().map(|hook| HookPoint::parse(hook)).collect();
        Ok(Self {
            digest: Digest::try_from(row.version_digest.as_slice()).map_err(|_| corrupt("version_digest"))?,
            hooks: hooks.ok_or_else(|| corrupt("hooks"))?,
            state: VersionState::parse(&row.state).ok_or_else(|| corrupt("state"))?,
            uploaded_at: instant::from_sql(row.uploaded_at),
            manifest: row.manifest.into(),
            report: row.report.into(),
            uploaded_by: row.uploaded_by.into(),
        })
    }
}
