//! `bindings`: plugins bound to clients, tags, or everyone.

use claimsmith_issuer::binding::{Binding, BindingLimits, OnFailure, Permission, Target};
use claimsmith_jose::Digest;
use claimsmith_protocol::id::ClientId;
use diesel::{
    AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper,
};

use crate::changes::{Change, EntityKind, Written, change, expect_version};
use crate::clients::next_number;
use crate::connection::Tx;
use crate::fault::Fault;
use crate::schema::bindings;
use crate::store::Store;

/// A binding with its version, the `ETag` of the admin API.
#[derive(Debug, Clone)]
pub struct BindingRecord {
    /// The binding.
    pub binding: Binding,
    /// Its version.
    pub version: i64,
}

impl Store {
    /// Binds a plugin; answers the binding's number. The `id` of `binding` is not looked at.
    pub async fn create_binding(&self, actor: &str, binding: Binding) -> Result<Written<i64>, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| {
                let id = next_number(tx, "bindings", "binding_id")?;
                with_change(tx, &actor, "bind", &Binding { id, ..binding }, |tx, row| {
                    diesel::insert_into(bindings::table).values(row).execute(tx)?;
                    Ok(id)
                })
            })
            .await
    }

    /// Replaces a binding; its target stays.
    pub async fn update_binding(&self, actor: &str, binding: Binding, expected: Option<i64>) -> Result<Written<i64>, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| {
                let id = binding.id;
                let Some((held, _)) = find(tx, id)? else { return Err(missing(id)) };
                let binding = Binding { target: held.target, ..binding };
                with_change(tx, &actor, "rebind", &binding, |tx, row| {
                    expect_version(EntityKind::Binding, &id.to_string(), version(tx, id)?, expected)?;
                    let changed = (row, bindings::version.eq(bindings::version + 1), bindings::updated_at.eq(diesel::dsl::now));
                    let updated = diesel::update(bindings::table.find(id)).set(changed).returning(bindings::version);
                    Ok(updated.get_result(tx)?)
                })
            })
            .await
    }

    /// Unbinds.
    pub async fn delete_binding(&self, actor: &str, id: i64, expected: Option<i64>) -> Result<Written, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| {
                let Some((held, _)) = find(tx, id)? else { return Err(missing(id)) };
                with_change(tx, &actor, "unbind", &held, |tx, _| {
                    expect_version(EntityKind::Binding, &id.to_string(), version(tx, id)?, expected)?;
                    diesel::delete(bindings::table.find(id)).execute(tx)?;
                    Ok(())
                })
            })
            .await
    }

    /// The binding of a number.
    pub async fn load_binding(&self, id: i64) -> Result<Option<BindingRecord>, Fault> {
        self.boundary.read(move |tx| Ok(find(tx, id)?.map(|(binding, version)| BindingRecord { binding, version }))).await
    }

    /// Every binding of a plugin, whatever it is on, by number.
    pub async fn bindings_of(&self, plugin: &str) -> Result<Vec<BindingRecord>, Fault> {
        let plugin = plugin.to_owned();
        self.boundary
            .read(move |tx| {
                let rows: Vec<(Row, i64)> = bindings::table
                    .filter(bindings::plugin.eq(&plugin))
                    .order(bindings::binding_id)
                    .select((Row::as_select(), bindings::version))
                    .load(tx)?;
                rows.into_iter().map(|(row, version)| Ok(BindingRecord { binding: row.try_into()?, version })).collect()
            })
            .await
    }

    /// Every binding on a target, in order.
    pub async fn list_bindings(&self, target: Target) -> Result<Vec<BindingRecord>, Fault> {
        self.boundary
            .read(move |tx| {
                let (kind, tag, client_id) = parts(&target);
                let mut query = bindings::table.filter(bindings::target_kind.eq(kind)).into_boxed();
                if let Some(tag) = tag {
                    query = query.filter(bindings::tag.eq(tag));
                }
                if let Some(client_id) = client_id {
                    query = query.filter(bindings::client_id.eq(client_id));
                }
                let rows: Vec<(Row, i64)> =
                    query.order((bindings::position, bindings::binding_id)).select((Row::as_select(), bindings::version)).load(tx)?;
                rows.into_iter().map(|(row, version)| Ok(BindingRecord { binding: row.try_into()?, version })).collect()
            })
            .await
    }
}

fn version(tx: &mut Tx, id: i64) -> Result<Option<i64>, Fault> {
    Ok(bindings::table.find(id).select(bindings::version).first(tx).optional()?)
}

fn with_change<T>(
    tx: &mut Tx,
    actor: &str,
    action: &'static str,
    binding: &Binding,
    work: impl FnOnce(&mut Tx, Row) -> Result<T, Fault>,
) -> Result<Written<T>, Fault> {
    let key = binding.id.to_string();
    let reload = match &binding.target {
        Target::Client(id) => Some((EntityKind::Client, id.as_str())),
        Target::All | Target::Tag(_) => None,
    };
    change(tx, Change { reload, ..Change::of(actor, action, EntityKind::Binding, &key) }, |tx| work(tx, Row::of(binding)))
}

fn missing(id: i64) -> Fault {
    Fault::Missing { kind: EntityKind::Binding.as_str(), key: id.to_string() }
}

/// The bindings on one client, in order.
pub(crate) fn of_client(tx: &mut Tx, id: &ClientId) -> Result<Vec<Binding>, Fault> {
    let rows = bindings::table
        .filter(bindings::client_id.eq(id.as_str()))
        .order((bindings::position, bindings::binding_id))
        .select(Row::as_select())
        .load(tx)?;
    rows.into_iter().map(Binding::try_from).collect()
}

/// The bindings on tags and on every client, in order.
pub(crate) fn shared(tx: &mut Tx) -> Result<Vec<Binding>, Fault> {
    let rows = bindings::table
        .filter(bindings::target_kind.ne("client"))
        .order((bindings::target_kind, bindings::position, bindings::binding_id))
        .select(Row::as_select())
        .load(tx)?;
    rows.into_iter().map(Binding::try_from).collect()
}

fn find(tx: &mut Tx, id: i64) -> Result<Option<(Binding, i64)>, Fault> {
    let row: Option<(Row, i64)> = bindings::table.find(id).select((Row::as_select(), bindings::version)).first(tx).optional()?;
    row.map(|(row, version)| Ok((row.try_into()?, version))).transpose()
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = bindings)]
#[diesel(treat_none_as_null = true)]
struct Row {
    binding_id: i64,
    target_kind: String,
    tag: Option<String>,
    client_id: Option<String>,
    plugin: String,
    pinned_digest: Option<Vec<u8>>,
    position: i32,
    configuration: String,
    permissions: Vec<String>,
    on_failure: String,
    fuel: Option<i64>,
    milliseconds: Option<i32>,
}

fn parts(target: &Target) -> (&'static str, Option<&str>, Option<&str>) {
    match target {
        Target::All => ("all", None, None),
        Target::Tag(tag) => ("tag", Some(tag), None),
        Target::Client(id) => ("client", None, Some(id.as_str())),
    }
}

impl Row {
    fn of(binding: &Binding) -> Self {
        let (kind, tag, client_id) = parts(&binding.target);
        Self {
            binding_id: binding.id,
            target_kind: kind.to_owned(),
            tag: tag.map(str::to_owned),
            client_id: client_id.map(str::to_owned),
            plugin: binding.plugin.to_string(),
            pinned_digest: binding.pinned.map(|digest| digest.as_bytes().to_vec()),
            position: binding.position,
            configuration: binding.configuration.to_string(),
            permissions: binding.permissions.iter().map(Permission::to_text).collect(),
            on_failure: binding.on_failure.as_str().to_owned(),
            fuel: binding.limits.fuel.map(|fuel| i64::try_from(fuel).unwrap_or(i64::MAX)),
            milliseconds: binding.limits.milliseconds.map(|time| i32::try_from(time).unwrap_or(i32::MAX)),
        }
    }
}

impl TryFrom<Row> for Binding {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        let corrupt = |column| Fault::corrupt("bindings", column, row.binding_id.to_string());
        let target = match (row.target_kind.as_str(), &row.tag, &row.client_id) {
            ("all", None, None) => Target::All,
            ("tag", Some(tag), None) => Target::Tag(tag.as_str().into()),
            ("client", None, Some(id)) => Target::Client(ClientId::parse(id).map_err(|_| corrupt("client_id"))?),
            _ => return Err(corrupt("target_kind")),
        };
        let pinned = row.pinned_digest.as_deref().map(Digest::try_from).transpose().map_err(|_| corrupt("pinned_digest"))?;
        let permissions: Result<Vec<Permission>, _> = row.permissions.iter().map(|text| Permission::parse(text)).collect();
        let limits = BindingLimits {
            fuel: row.fuel.map(u64::try_from).transpose().map_err(|_| corrupt("fuel"))?,
            milliseconds: row.milliseconds.map(u32::try_from).transpose().map_err(|_| corrupt("milliseconds"))?,
        };
        Ok(Self {
            id: row.binding_id,
            target,
            pinned,
            position: row.position,
            permissions: permissions.map_err(|_| corrupt("permissions"))?,
            on_failure: OnFailure::parse(&row.on_failure).ok_or_else(|| corrupt("on_failure"))?,
            limits,
            plugin: row.plugin.into(),
            configuration: row.configuration.into(),
        })
    }
}
