//! `admin_tokens`: who may speak to the admin API.

use claimsmith_jose::Digest;
use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::changes::{Change, EntityKind, Written, change};
use crate::connection::Tx;
use crate::fault::Fault;
use crate::instant;
use crate::schema::admin_tokens;
use crate::store::Store;

/// A bearer token of the admin API, without the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminToken {
    /// Its name: the actor in the audit.
    pub name: Box<str>,
    /// What it may do.
    pub scopes: Vec<Box<str>>,
    /// When it ends; never when absent.
    pub expires_at: Option<Timestamp>,
}

type Row = (String, Vec<String>, Option<PgTimestamp>);

const COLUMNS: (admin_tokens::name, admin_tokens::scopes, admin_tokens::expires_at) =
    (admin_tokens::name, admin_tokens::scopes, admin_tokens::expires_at);

impl Store {
    /// Keeps a token, given its SHA-256.
    pub async fn create_admin_token(&self, actor: &str, token_digest: Digest, token: AdminToken) -> Result<Written, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "create", EntityKind::AdminToken, &token.name), |tx| {
                    diesel::insert_into(admin_tokens::table)
                        .values((
                            admin_tokens::token_digest.eq(&token_digest.as_bytes()[..]),
                            admin_tokens::name.eq(&*token.name),
                            admin_tokens::scopes.eq(token.scopes.iter().map(AsRef::as_ref).collect::<Vec<&str>>()),
                            admin_tokens::expires_at.eq(token.expires_at.map(instant::to_sql)),
                        ))
                        .execute(tx)?;
                    Ok(())
                })
            })
            .await
    }

    /// Ends a token at once.
    pub async fn delete_admin_token(&self, actor: &str, name: &str) -> Result<Written, Fault> {
        let (actor, name) = (actor.to_owned(), name.to_owned());
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "revoke", EntityKind::AdminToken, &name), |tx| {
                    let gone = diesel::delete(admin_tokens::table.filter(admin_tokens::name.eq(&name))).execute(tx)?;
                    if gone == 0 { Err(Fault::Missing { kind: EntityKind::AdminToken.as_str(), key: name.clone() }) } else { Ok(()) }
                })
            })
            .await
    }

    /// The token of a digest. Whether it has expired is for the caller to decide.
    pub async fn admin_token(&self, token_digest: Digest) -> Result<Option<AdminToken>, Fault> {
        self.boundary
            .read(move |tx| {
                let row: Option<Row> = admin_tokens::table.find(&token_digest.as_bytes()[..]).select(COLUMNS).first(tx).optional()?;
                Ok(row.map(token))
            })
            .await
    }

    /// Every token, by name.
    pub async fn list_admin_tokens(&self) -> Result<Vec<AdminToken>, Fault> {
        self.boundary
            .read(|tx: &mut Tx| {
                let rows: Vec<Row> = admin_tokens::table.order(admin_tokens::name).select(COLUMNS).load(tx)?;
                Ok(rows.into_iter().map(token).collect())
            })
            .await
    }
}

fn token((name, scopes, expires_at): Row) -> AdminToken {
    AdminToken { name: name.into(), scopes: scopes.into_iter().map(Into::into).collect(), expires_at: expires_at.map(instant::from_sql) }
}
