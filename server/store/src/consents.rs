//! `consents`: what people have agreed to, until they take it back.

use claimsmith_issuer::authorize::Consent;
use claimsmith_issuer::person::UserId;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::connection::Tx;
use crate::fault::Fault;
use crate::grants::{self, Ending};
use crate::instant;
use crate::schema::consents;
use crate::store::Store;

/// A consent with whose it is and for whom.
#[derive(Debug, Clone)]
pub struct ConsentRecord {
    /// The person.
    pub user_id: UserId,
    /// The client.
    pub client_id: ClientId,
    /// What was agreed to.
    pub consent: Consent,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Store {
    /// What a person has agreed to let a client have.
    pub async fn consent(&self, user: &UserId, client: &ClientId) -> Result<Option<ConsentRecord>, Fault> {
        let (user, client) = (user.clone(), client.clone());
        self.boundary
            .read(move |tx| {
                let row: Option<Row> = consents::table.find((user.as_str(), client.as_str())).select(COLUMNS).first(tx).optional()?;
                row.map(record).transpose()
            })
            .await
    }

    /// Everything a person has agreed to, by client.
    pub async fn consents_of_user(&self, user: &UserId) -> Result<Vec<ConsentRecord>, Fault> {
        let user = user.clone();
        self.boundary
            .read(move |tx| {
                let rows: Vec<Row> =
                    consents::table.filter(consents::user_id.eq(user.as_str())).order(consents::client_id).select(COLUMNS).load(tx)?;
                rows.into_iter().map(record).collect()
            })
            .await
    }

    /// Takes a consent back: the client's grants of this person end with it. Whether there was anything.
    pub async fn withdraw_consent(&self, user: &UserId, client: &ClientId, at: Timestamp) -> Result<bool, Fault> {
        let (user, client) = (user.clone(), client.clone());
        self.boundary.write(move |tx| withdraw(tx, &user, &client, at)).await
    }
}

/// Takes a consent back; whether there was anything.
pub(crate) fn withdraw(tx: &mut Tx, user: &UserId, client: &ClientId, at: Timestamp) -> Result<bool, Fault> {
    let forgotten = diesel::delete(consents::table.find((user.as_str(), client.as_str()))).execute(tx)?;
    let ended = grants::end(tx, &Ending::Pair(user.clone(), client.clone()), at)?;
    Ok(forgotten > 0 || ended > 0)
}

type Row = (String, String, Vec<String>, Vec<String>, Option<String>, PgTimestamp);

#[allow(clippy::type_complexity, reason = "a list of columns")]
const COLUMNS: (consents::user_id, consents::client_id, consents::scopes, consents::claims, consents::details, consents::updated_at) =
    (consents::user_id, consents::client_id, consents::scopes, consents::claims, consents::details, consents::updated_at);

fn record((user_id, client_id, scopes, claims, details, updated_at): Row) -> Result<ConsentRecord, Fault> {
    let corrupt = |column| Fault::corrupt("consents", column, format!("{user_id} {client_id}"));
    Ok(ConsentRecord {
        consent: Consent {
            scopes: ScopeSet::from_tokens(scopes).map_err(|_| corrupt("scopes"))?,
            claims: claims.into_iter().map(Into::into).collect(),
            details: details.map(Into::into),
        },
        updated_at: instant::from_sql(updated_at),
        user_id: UserId::parse(&user_id).map_err(|_| corrupt("user_id"))?,
        client_id: ClientId::parse(&client_id).map_err(|_| corrupt("client_id"))?,
    })
}

/// Remembers a consent in the place of what was agreed to before.
pub(crate) fn remember(tx: &mut Tx, record: &ConsentRecord) -> Result<(), Fault> {
    let texts = |texts: &[Box<str>]| -> Vec<String> { texts.iter().map(ToString::to_string).collect() };
    let values = (
        consents::scopes.eq(texts(record.consent.scopes.tokens())),
        consents::claims.eq(texts(&record.consent.claims)),
        consents::details.eq(record.consent.details.as_deref().map(str::to_owned)),
        consents::updated_at.eq(instant::to_sql(record.updated_at)),
    );
    diesel::insert_into(consents::table)
        .values((consents::user_id.eq(record.user_id.as_str()), consents::client_id.eq(record.client_id.as_str()), values.clone()))
        .on_conflict((consents::user_id, consents::client_id))
        .do_update()
        .set(values)
        .execute(tx)?;
    Ok(())
}
