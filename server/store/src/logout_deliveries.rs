//! `logout_deliveries`: clients that are still to be told of the end of a session.

use claimsmith_issuer::person::UserId;
use claimsmith_protocol::id::ClientId;
use diesel::sql_types::{BigInt, Integer, Text};
use diesel::{QueryDsl, QueryableByName, RunQueryDsl};

use crate::connection::Tx;
use crate::fault::Fault;
use crate::schema::logout_deliveries;
use crate::store::Store;

/// How long anybody tries to tell a client, seconds.
const LIFE: i64 = 3_600;

/// A client that is to be told of the end of a session. Whoever holds it has it for themselves until the lease is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutDelivery {
    /// The client.
    pub client_id: ClientId,
    /// The session that has ended.
    pub session_id: Box<str>,
    /// Whose it was.
    pub user_id: UserId,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

/// Only clients that can be told are owed anything.
const OWE: &str = "INSERT INTO logout_deliveries (client_id, session_id, user_id, expires_at) \
     SELECT s.client_id, s.session_id, $2, now() + $3 * interval '1 s' FROM session_clients s JOIN clients c USING (client_id) \
     WHERE s.session_id = $1 AND c.registration::jsonb ->> 'backchannel_logout_uri' IS NOT NULL \
     ON CONFLICT DO NOTHING";

/// Fewest attempts first, so that clients which never answer do not hold up those that do.
const TAKE: &str = "UPDATE logout_deliveries d SET attempts = d.attempts + 1, attempt_at = now() + $2 * interval '1 s' \
     FROM (SELECT client_id, session_id FROM logout_deliveries WHERE attempt_at <= now() AND expires_at > now() \
           ORDER BY attempts, attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED) due \
     WHERE (d.client_id, d.session_id) = (due.client_id, due.session_id) \
     RETURNING d.client_id, d.session_id, d.user_id, d.attempts";

const POSTPONE: &str = "UPDATE logout_deliveries SET attempt_at = now() + $4 * interval '1 s' \
     WHERE client_id = $1 AND session_id = $2 AND attempts = $3";

/// Notes which clients are to be told of the end of a session, in the transaction that ends it.
pub(crate) fn owe(tx: &mut Tx, session_id: &str, user_id: &str) -> Result<(), Fault> {
    diesel::sql_query(OWE).bind::<Text, _>(session_id).bind::<Text, _>(user_id).bind::<BigInt, _>(LIFE).execute(tx)?;
    Ok(())
}

impl Store {
    /// Takes deliveries that are due, at most `limit`, for `lease` seconds: no other node attempts them meanwhile, and if this one
    /// goes down with them, another does afterwards.
    pub async fn take_logout_deliveries(&self, limit: u32, lease: u32) -> Result<Vec<LogoutDelivery>, Fault> {
        self.boundary
            .write(move |tx| {
                let rows: Vec<Row> =
                    diesel::sql_query(TAKE).bind::<BigInt, _>(i64::from(limit)).bind::<BigInt, _>(i64::from(lease)).load(tx)?;
                rows.into_iter().map(LogoutDelivery::try_from).collect()
            })
            .await
    }

    /// Ends a delivery: the client knows, or nobody tries any more.
    pub async fn settle_logout_delivery(&self, delivery: &LogoutDelivery) -> Result<(), Fault> {
        let delivery = delivery.clone();
        self.boundary
            .write(move |tx| {
                diesel::delete(logout_deliveries::table.find((delivery.client_id.as_str(), &*delivery.session_id))).execute(tx)?;
                Ok(())
            })
            .await
    }

    /// Has a delivery attempted again after `seconds`, unless somebody else has it by now.
    pub async fn postpone_logout_delivery(&self, delivery: &LogoutDelivery, seconds: u32) -> Result<(), Fault> {
        let delivery = delivery.clone();
        self.boundary
            .write(move |tx| {
                diesel::sql_query(POSTPONE)
                    .bind::<Text, _>(delivery.client_id.as_str())
                    .bind::<Text, _>(&*delivery.session_id)
                    .bind::<Integer, _>(i32::try_from(delivery.attempt).unwrap_or(i32::MAX))
                    .bind::<BigInt, _>(i64::from(seconds))
                    .execute(tx)?;
                Ok(())
            })
            .await
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = logout_deliveries)]
struct Row {
    client_id: String,
    session_id: String,
    user_id: String,
    attempts: i32,
}

impl TryFrom<Row> for LogoutDelivery {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        let corrupt = |column| Fault::corrupt("logout_deliveries", column, row.session_id.clone());
        Ok(Self {
            client_id: ClientId::parse(&row.client_id).map_err(|_| corrupt("client_id"))?,
            user_id: UserId::parse(&row.user_id).map_err(|_| corrupt("user_id"))?,
            attempt: u32::try_from(row.attempts).map_err(|_| corrupt("attempts"))?,
            session_id: row.session_id.into(),
        })
    }
}
