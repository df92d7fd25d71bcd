//! `client_documents`: clients that are what a document at their `client_id` says
//! (draft-ietf-oauth-client-id-metadata-document). Each has a row in `clients` like any other client; here stands what was read, and
//! how long it is taken for true.

use claimsmith_issuer::client::Client;
use claimsmith_jose::Digest;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;
use diesel::sql_types::{BigInt, Text};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, QueryableByName, RunQueryDsl};

use crate::changes::{Change, EntityKind, Written, change, expect_version};
use crate::clients;
use crate::connection::Tx;
use crate::fault::Fault;
use crate::instant;
use crate::schema::{client_documents, consents};
use crate::store::Store;

/// Who changes clients here, in the audit.
const ACTOR: &str = "client_document";

/// Clients that one round of the sweeper removes: each is a change that every node hears of.
const SWEEP_MAX: i64 = 50;

/// What is kept of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptDocument {
    /// SHA-256 of what was made of it.
    pub digest: Digest,
    /// Until when it is taken for true without being fetched again.
    pub good_until: Timestamp,
}

/// A client as its document now says it is.
#[derive(Debug, Clone)]
pub struct DocumentClient {
    /// The client.
    pub client: Client,
    /// The document.
    pub document: KeptDocument,
    /// The version that it replaces; none where it is new.
    pub replaces: Option<i64>,
    /// Whether people are asked again: what they agreed to was for somebody who looked different.
    pub ask_again: bool,
}

impl Store {
    /// Keeps a client as its document says it is. [`Fault::Full`] says that there are too many of them.
    pub async fn keep_document_client(&self, kept: DocumentClient, clients_max: u32) -> Result<Written<()>, Fault> {
        self.boundary
            .write(move |tx| {
                let action = if kept.replaces.is_some() { "update" } else { "create" };
                change(tx, Change::of(ACTOR, action, EntityKind::Client, &kept.client.id), |tx| match kept.replaces {
                    None => create(tx, &kept, clients_max),
                    Some(version) => update(tx, &kept, version),
                })
            })
            .await
    }

    /// Says that a document was fetched again and is the same.
    pub async fn prolong_client_document(&self, id: &ClientId, good_until: Timestamp) -> Result<(), Fault> {
        let id = id.clone();
        self.boundary
            .write(move |tx| {
                diesel::update(client_documents::table.find(id.as_str()))
                    .set(client_documents::good_until_at.eq(instant::to_sql(good_until)))
                    .execute(tx)?;
                Ok(())
            })
            .await
    }

    /// Removes clients whose documents nobody has asked for since `before`, and with whom nobody has anything any more. How many.
    pub async fn sweep_client_documents(&self, before: Timestamp) -> Result<u64, Fault> {
        let unused = self.boundary.read(move |tx| unused(tx, before)).await?;
        for id in &unused {
            let id = id.clone();
            let gone = self.boundary.write(move |tx| remove(tx, &id)).await;
            match gone {
                Ok(_) | Err(Fault::Missing { .. }) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(unused.len() as u64)
    }
}

/// What is kept of a client's document, where it has one.
pub(crate) fn of_client(tx: &mut Tx, id: &ClientId) -> Result<Option<KeptDocument>, Fault> {
    let columns = (client_documents::document_digest, client_documents::good_until_at);
    let row: Option<(Vec<u8>, PgTimestamp)> = client_documents::table.find(id.as_str()).select(columns).first(tx).optional()?;
    let Some((digest, good_until)) = row else { return Ok(None) };
    let corrupt = |_| Fault::corrupt("client_documents", "document_digest", id.to_string());
    Ok(Some(KeptDocument { digest: Digest::try_from(digest.as_slice()).map_err(corrupt)?, good_until: instant::from_sql(good_until) }))
}

fn create(tx: &mut Tx, kept: &DocumentClient, clients_max: u32) -> Result<(), Fault> {
    // Invariant: changes come one after the other, so nobody else counts at the same time.
    let held: i64 = client_documents::table.count().get_result(tx)?;
    if held >= i64::from(clients_max) {
        return Err(Fault::Full { what: "the list of clients with documents" });
    }
    if clients::version(tx, &kept.client.id)?.is_some() {
        return Err(Fault::Exists { kind: EntityKind::Client.as_str(), key: kept.client.id.to_string() });
    }
    clients::insert(tx, &kept.client)?;
    diesel::insert_into(client_documents::table)
        .values((
            client_documents::client_id.eq(kept.client.id.as_str()),
            client_documents::document_digest.eq(&kept.document.digest.as_bytes()[..]),
            client_documents::good_until_at.eq(instant::to_sql(kept.document.good_until)),
        ))
        .execute(tx)?;
    Ok(())
}

fn update(tx: &mut Tx, kept: &DocumentClient, version: i64) -> Result<(), Fault> {
    let id = &kept.client.id;
    expect_version(EntityKind::Client, id, clients::version(tx, id)?, Some(version))?;
    clients::replace(tx, &kept.client)?;
    diesel::update(client_documents::table.find(id.as_str()))
        .set((
            client_documents::document_digest.eq(&kept.document.digest.as_bytes()[..]),
            client_documents::good_until_at.eq(instant::to_sql(kept.document.good_until)),
        ))
        .execute(tx)?;
    if kept.ask_again {
        diesel::delete(consents::table.filter(consents::client_id.eq(id.as_str()))).execute(tx)?;
    }
    Ok(())
}

fn remove(tx: &mut Tx, id: &ClientId) -> Result<Written<()>, Fault> {
    change(tx, Change::of(ACTOR, "delete", EntityKind::Client, id), |tx| clients::remove(tx, id))
}

#[derive(QueryableByName)]
struct Unused {
    #[diesel(sql_type = Text)]
    client_id: String,
}

/// Consents, grants that are not over and bindings hold a client: somebody counts on it.
const UNUSED: &str = "SELECT client_id FROM client_documents d WHERE good_until_at < to_timestamp($1) \
     AND NOT EXISTS (SELECT 1 FROM consents c WHERE c.client_id = d.client_id) \
     AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.client_id = d.client_id) \
     AND NOT EXISTS (SELECT 1 FROM bindings b WHERE b.client_id = d.client_id) \
     ORDER BY good_until_at LIMIT $2";

fn unused(tx: &mut Tx, before: Timestamp) -> Result<Vec<ClientId>, Fault> {
    let query = diesel::sql_query(UNUSED).bind::<BigInt, _>(before.seconds()).bind::<BigInt, _>(SWEEP_MAX);
    let rows: Vec<Unused> = query.load(tx)?;
    let id = |row: Unused| ClientId::parse(&row.client_id).map_err(|_| Fault::corrupt("client_documents", "client_id", row.client_id));
    rows.into_iter().map(id).collect()
}
