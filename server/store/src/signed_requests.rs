//! `signed_requests`: request objects that clients signed, kept with the grants that came of them.

use claimsmith_issuer::grants::GrantRecord;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper};

use crate::connection::Tx;
use crate::fault::Fault;
use crate::instant;
use crate::page::PAGE_MAX;
use crate::schema::signed_requests;
use crate::store::Store;

/// A request that a client signed and a person allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// The grant that came of it: codes, refresh tokens and the `jti` of access tokens begin with it.
    pub grant: GrantId,
    /// The client.
    pub client_id: String,
    /// The person.
    pub user_id: String,
    /// The signed object as it came; of one that was encrypted, what was inside.
    pub request_object: String,
    /// When it was allowed.
    pub answered_at: Timestamp,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = signed_requests)]
struct Row {
    grant_id: Vec<u8>,
    client_id: String,
    user_id: String,
    request_object: String,
    answered_at: PgTimestamp,
}

impl Store {
    /// The latest first, at most `limit`: of one client where it is named, and older than `before`, as the previous page ended.
    pub async fn signed_requests(
        &self,
        client_id: Option<String>,
        before: Option<(Timestamp, Vec<u8>)>,
        limit: u32,
    ) -> Result<Vec<SignedRequest>, Fault> {
        self.boundary
            .read(move |tx| {
                let mut query = signed_requests::table.select(Row::as_select()).into_boxed();
                if let Some(client_id) = &client_id {
                    query = query.filter(signed_requests::client_id.eq(client_id));
                }
                if let Some((at, grant_id)) = &before {
                    let at = instant::to_sql(*at);
                    let earlier = signed_requests::answered_at.lt(at);
                    query = query.filter(earlier.or(signed_requests::answered_at.eq(at).and(signed_requests::grant_id.lt(grant_id))));
                }
                let query = query.order((signed_requests::answered_at.desc(), signed_requests::grant_id.desc()));
                let rows: Vec<Row> = query.limit(i64::from(limit.min(PAGE_MAX))).load(tx)?;
                rows.into_iter().map(SignedRequest::try_from).collect()
            })
            .await
    }
}

/// Keeps the object of a grant, in the transaction that makes the grant.
pub(crate) fn keep(tx: &mut Tx, grant: &GrantRecord, object: &str) -> Result<(), Fault> {
    diesel::insert_into(signed_requests::table)
        .values((
            signed_requests::grant_id.eq(&grant.id.as_bytes()[..]),
            signed_requests::client_id.eq(grant.client_id.as_str()),
            signed_requests::user_id.eq(grant.user_id.as_str()),
            signed_requests::request_object.eq(object),
            signed_requests::answered_at.eq(instant::to_sql(grant.created_at)),
        ))
        .execute(tx)?;
    Ok(())
}

impl TryFrom<Row> for SignedRequest {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        let id: [u8; 16] =
            row.grant_id.as_slice().try_into().map_err(|_| Fault::corrupt("signed_requests", "grant_id", row.client_id.clone()))?;
        Ok(Self {
            grant: GrantId::from_bytes(id),
            client_id: row.client_id,
            user_id: row.user_id,
            request_object: row.request_object,
            answered_at: instant::from_sql(row.answered_at),
        })
    }
}
