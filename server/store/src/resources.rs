//! `resources` and `resource_introspectors`.

use claimsmith_issuer::client::TokenFormat;
use claimsmith_issuer::resource::Resource;
use claimsmith_jose::SigningAlg;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::Lifetime;
use diesel::{
    AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper,
};

use crate::changes::{Change, EntityKind, Written, change, expect_version};
use crate::connection::Tx;
use crate::fault::Fault;
use crate::page::PAGE_MAX;
use crate::schema::{resource_introspectors, resources};
use crate::store::Store;

/// A resource with its version, the `ETag` of the admin API.
#[derive(Debug, Clone)]
pub struct ResourceRecord {
    /// The resource.
    pub resource: Resource,
    /// Its version.
    pub version: i64,
}

impl Store {
    /// The resource of an identifier.
    pub async fn load_resource(&self, identifier: &str) -> Result<Option<ResourceRecord>, Fault> {
        let identifier = identifier.to_owned();
        self.boundary
            .snapshot(move |tx| {
                let row = resources::table.find(&identifier).select((Row::as_select(), resources::version)).first(tx).optional()?;
                Ok(records(tx, row.into_iter().collect())?.pop())
            })
            .await
    }

    /// Resources by identifier, after `after`; at most `limit`.
    pub async fn list_resources(&self, after: Option<String>, limit: u32) -> Result<Vec<ResourceRecord>, Fault> {
        self.boundary.snapshot(move |tx| list(tx, after.as_deref(), i64::from(limit.min(PAGE_MAX)))).await
    }

    /// Registers a resource.
    pub async fn create_resource(&self, actor: &str, resource: Resource) -> Result<Written, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "create", EntityKind::Resource, &resource.identifier), |tx| {
                    diesel::insert_into(resources::table).values(Row::of(&resource)).execute(tx)?;
                    save_introspectors(tx, &resource)
                })
            })
            .await
    }

    /// Replaces a resource; answers its new version.
    pub async fn update_resource(&self, actor: &str, resource: Resource, expected: Option<i64>) -> Result<Written<i64>, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| {
                let identifier = &*resource.identifier;
                change(tx, Change::of(&actor, "update", EntityKind::Resource, identifier), |tx| {
                    expect_version(EntityKind::Resource, identifier, version(tx, identifier)?, expected)?;
                    let changed =
                        (Row::of(&resource), resources::version.eq(resources::version + 1), resources::updated_at.eq(diesel::dsl::now));
                    let version =
                        diesel::update(resources::table.find(identifier)).set(changed).returning(resources::version).get_result(tx)?;
                    save_introspectors(tx, &resource)?;
                    Ok(version)
                })
            })
            .await
    }

    /// Deletes a resource. Clients that name it can no longer ask for it.
    pub async fn delete_resource(&self, actor: &str, identifier: &str, expected: Option<i64>) -> Result<Written, Fault> {
        let (actor, identifier) = (actor.to_owned(), identifier.to_owned());
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "delete", EntityKind::Resource, &identifier), |tx| {
                    expect_version(EntityKind::Resource, &identifier, version(tx, &identifier)?, expected)?;
                    diesel::delete(resources::table.find(&identifier)).execute(tx)?;
                    Ok(())
                })
            })
            .await
    }
}

/// Resources by identifier.
pub(crate) fn list(tx: &mut Tx, after: Option<&str>, limit: i64) -> Result<Vec<ResourceRecord>, Fault> {
    let mut query = resources::table.select((Row::as_select(), resources::version)).into_boxed();
    if let Some(after) = after {
        query = query.filter(resources::identifier.gt(after));
    }
    let rows = query.order(resources::identifier).limit(limit).load(tx)?;
    records(tx, rows)
}

fn version(tx: &mut Tx, identifier: &str) -> Result<Option<i64>, Fault> {
    Ok(resources::table.find(identifier).select(resources::version).first(tx).optional()?)
}

fn save_introspectors(tx: &mut Tx, resource: &Resource) -> Result<(), Fault> {
    use resource_introspectors::{client_id, identifier, table};
    diesel::delete(table.filter(identifier.eq(&*resource.identifier))).execute(tx)?;
    let rows: Vec<_> = resource.introspectors.iter().map(|id| (identifier.eq(&*resource.identifier), client_id.eq(id.as_str()))).collect();
    diesel::insert_into(table).values(rows).on_conflict_do_nothing().execute(tx)?;
    Ok(())
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = resources)]
#[diesel(treat_none_as_null = true)]
struct Row {
    identifier: String,
    name: Option<String>,
    scopes: Vec<String>,
    token_format: Option<String>,
    signing_alg: Option<String>,
    lifetime_ceiling_seconds: Option<i32>,
}

impl Row {
    fn of(resource: &Resource) -> Self {
        Self {
            identifier: resource.identifier.to_string(),
            name: resource.name.as_deref().map(str::to_owned),
            scopes: resource.scopes.tokens().iter().map(ToString::to_string).collect(),
            token_format: resource.token_format.map(|format| format.as_str().to_owned()),
            signing_alg: resource.signing_alg.map(|alg| alg.as_str().to_owned()),
            lifetime_ceiling_seconds: resource.lifetime_ceiling.map(|ceiling| i32::try_from(ceiling.seconds()).unwrap_or(i32::MAX)),
        }
    }
}

fn records(tx: &mut Tx, rows: Vec<(Row, i64)>) -> Result<Vec<ResourceRecord>, Fault> {
    use resource_introspectors::{client_id, identifier, table};
    let wanted: Vec<&str> = rows.iter().map(|(row, _)| row.identifier.as_str()).collect();
    let pairs: Vec<(String, String)> =
        table.filter(identifier.eq_any(&wanted)).order((identifier, client_id)).select((identifier, client_id)).load(tx)?;
    let mut introspectors = std::collections::HashMap::<String, Vec<ClientId>>::new();
    for (of, id) in pairs {
        let id = ClientId::parse(&id).map_err(|_| Fault::corrupt("resource_introspectors", "client_id", of.clone()))?;
        introspectors.entry(of).or_default().push(id);
    }
    rows.into_iter()
        .map(|(row, version)| {
            let introspectors = introspectors.remove(&row.identifier).unwrap_or_default();
            Ok(ResourceRecord { resource: resource(&row, introspectors)?, version })
        })
        .collect()
}

fn resource(row: &Row, introspectors: Vec<ClientId>) -> Result<Resource, Fault> {
    let corrupt = |column| Fault::corrupt("resources", column, row.identifier.clone());
    let parsed = |alg: &str| SigningAlg::parse(alg).ok_or_else(|| corrupt("signing_alg"));
    let format = |format: &str| TokenFormat::parse(format).ok_or_else(|| corrupt("token_format"));
    let seconds = |seconds: i32| u32::try_from(seconds).map(Lifetime::from_seconds).map_err(|_| corrupt("lifetime_ceiling_seconds"));
    Ok(Resource {
        scopes: ScopeSet::from_tokens(row.scopes.iter().map(String::as_str)).map_err(|_| corrupt("scopes"))?,
        token_format: row.token_format.as_deref().map(format).transpose()?,
        signing_alg: row.signing_alg.as_deref().map(parsed).transpose()?,
        lifetime_ceiling: row.lifetime_ceiling_seconds.map(seconds).transpose()?,
        name: row.name.as_deref().map(Into::into),
        identifier: row.identifier.as_str().into(),
        introspectors,
    })
}
