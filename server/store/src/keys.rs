//! `signing_keys`: the private halves sealed, the life of each in instants.

use claimsmith_jose::SigningAlg;
use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;
use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper};

use crate::changes::{Change, EntityKind, Written, change, expect_version};
use crate::connection::Tx;
use crate::fault::Fault;
use crate::instant;
use crate::schema::signing_keys;
use crate::store::Store;

/// A signing key at rest.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Its name.
    pub kid: Box<str>,
    /// The one algorithm it is for.
    pub alg: SigningAlg,
    /// The private half, sealed for table `signing_keys`, column `sealed_private`, row `kid`.
    pub sealed_private: Vec<u8>,
    /// Where it is in its life.
    pub life: KeyLife,
}

/// The life of a signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyLife {
    /// In use, or published ahead of its first use.
    Current {
        /// When it may start to sign.
        active_from_at: Timestamp,
    },
    /// Signs no more.
    Retired {
        /// When it might have started to sign.
        active_from_at: Timestamp,
        /// When it stopped.
        retired_at: Timestamp,
        /// When the last token it signed has expired.
        published_until_at: Timestamp,
    },
}

impl std::fmt::Debug for KeyRow {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("KeyRow").field("kid", &self.kid).field("alg", &self.alg).field("life", &self.life).finish_non_exhaustive()
    }
}

const KIND: EntityKind = EntityKind::Key;

impl Store {
    /// Every key, the oldest first.
    pub async fn list_keys(&self) -> Result<Vec<KeyRow>, Fault> {
        self.boundary.read(list).await
    }

    /// Keeps a new key, and retires others in the same transaction: a rotation is one change.
    pub async fn save_key(&self, actor: &str, key: KeyRow, retire: Vec<(Box<str>, Timestamp, Timestamp)>) -> Result<Written, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| {
                let action = if retire.is_empty() { "create" } else { "rotate" };
                change(tx, Change::of(&actor, action, KIND, &key.kid), |tx| {
                    diesel::insert_into(signing_keys::table).values(Row::of(&key)).execute(tx)?;
                    retire
                        .iter()
                        .try_for_each(|(kid, retired_at, published_until_at)| set_retired(tx, kid, *retired_at, *published_until_at))
                })
            })
            .await
    }

    /// Retires a key: it signs no more, and is published until `published_until_at`.
    pub async fn retire_key(&self, actor: &str, kid: &str, retired_at: Timestamp, published_until_at: Timestamp) -> Result<Written, Fault> {
        let (actor, kid) = (actor.to_owned(), kid.to_owned());
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "retire", KIND, &kid), |tx| set_retired(tx, &kid, retired_at, published_until_at))
            })
            .await
    }

    /// Removes a key at once: nothing it signed is believed any more.
    pub async fn delete_key(&self, actor: &str, kid: &str) -> Result<Written, Fault> {
        let (actor, kid) = (actor.to_owned(), kid.to_owned());
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "delete", KIND, &kid), |tx| {
                    expect_version(KIND, &kid, version(tx, &kid)?, None)?;
                    diesel::delete(signing_keys::table.find(&kid)).execute(tx)?;
                    Ok(())
                })
            })
            .await
    }
}

/// Every key, the oldest first.
pub(crate) fn list(tx: &mut Tx) -> Result<Vec<KeyRow>, Fault> {
    let rows = signing_keys::table.order((signing_keys::active_from_at, signing_keys::kid)).select(Row::as_select()).load(tx)?;
    rows.into_iter().map(KeyRow::try_from).collect()
}

fn version(tx: &mut Tx, kid: &str) -> Result<Option<i64>, Fault> {
    Ok(signing_keys::table.find(kid).select(signing_keys::version).first(tx).optional()?)
}

fn set_retired(tx: &mut Tx, kid: &str, retired_at: Timestamp, published_until_at: Timestamp) -> Result<(), Fault> {
    expect_version(KIND, kid, version(tx, kid)?, None)?;
    // A key that has been retired already keeps its end: a second command must not lengthen it.
    diesel::update(signing_keys::table.find(kid).filter(signing_keys::retired_at.is_null()))
        .set((
            signing_keys::retired_at.eq(instant::to_sql(retired_at)),
            signing_keys::published_until_at.eq(instant::to_sql(published_until_at)),
            signing_keys::version.eq(signing_keys::version + 1),
        ))
        .execute(tx)?;
    Ok(())
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys)]
struct Row {
    kid: String,
    alg: String,
    sealed_private: Vec<u8>,
    active_from_at: PgTimestamp,
    retired_at: Option<PgTimestamp>,
    published_until_at: Option<PgTimestamp>,
}

impl Row {
    fn of(key: &KeyRow) -> Self {
        let (active_from_at, end) = match key.life {
            KeyLife::Current { active_from_at } => (active_from_at, None),
            KeyLife::Retired { active_from_at, retired_at, published_until_at } => (active_from_at, Some((retired_at, published_until_at))),
        };
        Self {
            kid: key.kid.to_string(),
            alg: key.alg.as_str().to_owned(),
            sealed_private: key.sealed_private.clone(),
            active_from_at: instant::to_sql(active_from_at),
            retired_at: end.map(|(retired_at, _)| instant::to_sql(retired_at)),
            published_until_at: end.map(|(_, until)| instant::to_sql(until)),
        }
    }
}

impl TryFrom<Row> for KeyRow {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        let corrupt = |column| Fault::corrupt("signing_keys", column, row.kid.clone());
        let active_from_at = instant::from_sql(row.active_from_at);
        let life = match (row.retired_at.map(instant::from_sql), row.published_until_at.map(instant::from_sql)) {
            (None, None) => KeyLife::Current { active_from_at },
            (Some(retired_at), Some(published_until_at)) => KeyLife::Retired { active_from_at, retired_at, published_until_at },
            (None, Some(_)) | (Some(_), None) => return Err(corrupt("published_until_at")),
        };
        let alg = SigningAlg::parse(&row.alg).ok_or_else(|| corrupt("alg"))?;
        Ok(Self { alg, life, sealed_private: row.sealed_private, kid: row.kid.into() })
    }
}
