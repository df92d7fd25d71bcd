//! `trusted_issuers`: other issuers whose tokens are believed here.

use claimsmith_issuer::trust::TrustedIssuer;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::changes::{Change, EntityKind, Written, change, expect_version};
use crate::connection::Tx;
use crate::fault::Fault;
use crate::page::PAGE_MAX;
use crate::schema::trusted_issuers;
use crate::store::Store;

const KIND: EntityKind = EntityKind::TrustedIssuer;

/// A trusted issuer with its version, the `ETag` of the admin API.
#[derive(Debug, Clone)]
pub struct TrustedIssuerRecord {
    /// The issuer.
    pub trusted: TrustedIssuer,
    /// Its version.
    pub version: i64,
}

impl Store {
    /// The trusted issuer of a name.
    pub async fn load_trusted_issuer(&self, issuer: &str) -> Result<Option<TrustedIssuerRecord>, Fault> {
        let issuer = issuer.to_owned();
        self.boundary
            .read(move |tx| {
                let columns = (trusted_issuers::issuer, trusted_issuers::document, trusted_issuers::version);
                let row = trusted_issuers::table.find(&issuer).select(columns).first(tx).optional()?;
                row.map(record).transpose()
            })
            .await
    }

    /// Trusted issuers by name, after `after`; at most `limit`.
    pub async fn list_trusted_issuers(&self, after: Option<String>, limit: u32) -> Result<Vec<TrustedIssuerRecord>, Fault> {
        self.boundary.snapshot(move |tx| list(tx, after.as_deref(), i64::from(limit.min(PAGE_MAX)))).await
    }

    /// Registers a trusted issuer.
    pub async fn create_trusted_issuer(&self, actor: &str, trusted: TrustedIssuer) -> Result<Written, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "create", KIND, &trusted.issuer), |tx| {
                    diesel::insert_into(trusted_issuers::table)
                        .values((trusted_issuers::issuer.eq(&*trusted.issuer), trusted_issuers::document.eq(trusted.to_text())))
                        .execute(tx)?;
                    Ok(())
                })
            })
            .await
    }

    /// Replaces a trusted issuer; answers its new version.
    pub async fn update_trusted_issuer(&self, actor: &str, trusted: TrustedIssuer, expected: Option<i64>) -> Result<Written<i64>, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| {
                let issuer = &*trusted.issuer;
                change(tx, Change::of(&actor, "update", KIND, issuer), |tx| {
                    expect_version(KIND, issuer, version(tx, issuer)?, expected)?;
                    let changed = (
                        trusted_issuers::document.eq(trusted.to_text()),
                        trusted_issuers::version.eq(trusted_issuers::version + 1),
                        trusted_issuers::updated_at.eq(diesel::dsl::now),
                    );
                    let row = diesel::update(trusted_issuers::table.find(issuer)).set(changed);
                    Ok(row.returning(trusted_issuers::version).get_result(tx)?)
                })
            })
            .await
    }

    /// Takes a trusted issuer out of the list.
    pub async fn delete_trusted_issuer(&self, actor: &str, issuer: &str, expected: Option<i64>) -> Result<Written, Fault> {
        let (actor, issuer) = (actor.to_owned(), issuer.to_owned());
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "delete", KIND, &issuer), |tx| {
                    expect_version(KIND, &issuer, version(tx, &issuer)?, expected)?;
                    diesel::delete(trusted_issuers::table.find(&issuer)).execute(tx)?;
                    Ok(())
                })
            })
            .await
    }
}

/// Trusted issuers by name.
pub(crate) fn list(tx: &mut Tx, after: Option<&str>, limit: i64) -> Result<Vec<TrustedIssuerRecord>, Fault> {
    let columns = (trusted_issuers::issuer, trusted_issuers::document, trusted_issuers::version);
    let mut query = trusted_issuers::table.select(columns).into_boxed();
    if let Some(after) = after {
        query = query.filter(trusted_issuers::issuer.gt(after));
    }
    let rows: Vec<(String, String, i64)> = query.order(trusted_issuers::issuer).limit(limit).load(tx)?;
    rows.into_iter().map(record).collect()
}

fn version(tx: &mut Tx, issuer: &str) -> Result<Option<i64>, Fault> {
    Ok(trusted_issuers::table.find(issuer).select(trusted_issuers::version).first(tx).optional()?)
}

fn record((issuer, document, version): (String, String, i64)) -> Result<TrustedIssuerRecord, Fault> {
    let trusted = TrustedIssuer::from_text(&document).filter(|trusted| *trusted.issuer == *issuer);
    let trusted = trusted.ok_or_else(|| Fault::corrupt("trusted_issuers", "document", issuer))?;
    Ok(TrustedIssuerRecord { trusted, version })
}
