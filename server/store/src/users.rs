//! `users`.

use claimsmith_issuer::assurance::Enrolled;
use claimsmith_issuer::person::{Person, UserId, Username};
use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use diesel::{
    AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper,
};

use crate::access;
use crate::changes::{Change, EntityKind, Written, change, expect_version};
use crate::connection::Tx;
use crate::fault::Fault;
use crate::instant;
use crate::page::PAGE_MAX;
use crate::schema::users;
use crate::store::Store;

/// A person with what is kept beside them.
#[derive(Debug, Clone)]
pub struct UserRecord {
    /// The person.
    pub person: Person,
    /// Their password, when they have one.
    pub password: Option<StoredPassword>,
    /// Their second factors.
    pub enrolled: Enrolled,
    /// The version, the `ETag` of the admin API.
    pub version: i64,
    /// When they were registered, by the database's clock.
    pub created_at: Timestamp,
    /// When what is known of them was last changed, by the database's clock: the claim `updated_at`.
    pub updated_at: Timestamp,
}

/// A password as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPassword {
    /// The hash, in one of the formats that are understood.
    pub hash: Box<str>,
    /// When it was set; a new hash of the same password leaves it alone.
    pub changed_at: Timestamp,
}

impl std::fmt::Debug for StoredPassword {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Security: a hash of a weak password is as good as the password.
        out.debug_struct("StoredPassword").field("changed_at", &self.changed_at).finish_non_exhaustive()
    }
}

/// Which people are listed.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// Who has this username.
    pub username: Option<Username>,
    /// Who has this e-mail address, whatever its capitals.
    pub email: Option<String>,
}

impl Store {
    /// The person of an id.
    pub async fn load_user(&self, id: &UserId) -> Result<Option<UserRecord>, Fault> {
        let id = id.clone();
        self.boundary
            .snapshot(move |tx| {
                let found = users::table.find(id.as_str()).select((Row::as_select(), KEPT)).first(tx);
                one(tx, found)
            })
            .await
    }

    /// The person of a username.
    pub async fn find_user(&self, username: &Username) -> Result<Option<UserRecord>, Fault> {
        let key = username.key().to_owned();
        self.boundary
            .snapshot(move |tx| {
                let found = users::table.filter(users::username_key.eq(&key)).select((Row::as_select(), KEPT)).first(tx);
                one(tx, found)
            })
            .await
    }

    /// People by id, after `after`; at most `limit`.
    pub async fn list_users(&self, after: Option<UserId>, filter: UserFilter, limit: u32) -> Result<Vec<UserRecord>, Fault> {
        self.boundary.snapshot(move |tx| list(tx, after.as_ref(), &filter, limit)).await
    }

    /// Registers a person, with the hash of a password where they have one.
    pub async fn create_user(&self, actor: &str, person: Person, password_hash: Option<Box<str>>) -> Result<Written, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "create", EntityKind::User, &person.id), |tx| insert(tx, &person, password_hash.as_deref()))
            })
            .await
    }

    /// Replaces what is known of a person; password and second factors stay. `action` names it in the audit. Who is disabled is signed
    /// out everywhere, and their grants end.
    pub async fn update_user(
        &self,
        actor: &str,
        action: &'static str,
        person: Person,
        expected: Option<i64>,
    ) -> Result<Written<i64>, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, action, EntityKind::User, &person.id), |tx| {
                    expect_version(EntityKind::User, &person.id, version(tx, &person.id)?, expected)?;
                    let version = diesel::update(users::table.find(person.id.as_str()))
                        .set((Row::of(&person), users::version.eq(users::version + 1), users::updated_at.eq(diesel::dsl::now)))
                        .returning(users::version)
                        .get_result(tx)?;
                    if !person.enabled {
                        access::end_all(tx, &person.id, None)?;
                    }
                    Ok(version)
                })
            })
            .await
    }

    /// Deletes a person with password and second factors; sessions and grants end. The id is never used again, for it is random.
    pub async fn delete_user(&self, actor: &str, id: &UserId, expected: Option<i64>) -> Result<Written, Fault> {
        let (actor, id) = (actor.to_owned(), id.clone());
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "delete", EntityKind::User, &id), |tx| {
                    expect_version(EntityKind::User, &id, version(tx, &id)?, expected)?;
                    access::end_all(tx, &id, None)?;
                    diesel::delete(users::table.find(id.as_str())).execute(tx)?;
                    Ok(())
                })
            })
            .await
    }

    /// Gives a person another password, or takes theirs away; their sessions and grants end (RFC 9700 §4.14.2). `updated_at` is of the
    /// claims and stays.
    pub async fn set_password(
        &self,
        actor: &str,
        id: &UserId,
        password_hash: Option<Box<str>>,
        expected: Option<i64>,
    ) -> Result<Written<i64>, Fault> {
        let (actor, id) = (actor.to_owned(), id.clone());
        self.boundary.write(move |tx| set_password(tx, &actor, &id, password_hash.as_deref(), (expected, None))).await
    }

    /// Gives a person the password that they chose themselves. Every other session of theirs ends, and every grant: `kept` is the
    /// session in which they chose it.
    pub async fn change_own_password(&self, id: &UserId, password_hash: Box<str>, kept: Option<Box<str>>) -> Result<Written<i64>, Fault> {
        let id = id.clone();
        self.boundary.write(move |tx| set_password(tx, &id, &id, Some(&password_hash), (None, kept))).await
    }

    /// Puts a better hash of the same password in the place of `former`; false when it is no longer there. No admin change: the
    /// password is the same.
    pub async fn rehash_password(&self, id: &UserId, former: &str, better: &str) -> Result<bool, Fault> {
        let (id, former, better) = (id.clone(), former.to_owned(), better.to_owned());
        self.boundary
            .write(move |tx| {
                // Invariant: compared and replaced at once, so a password that was changed meanwhile does not come back.
                let replaced = diesel::update(users::table.find(id.as_str()).filter(users::password_hash.eq(&former)))
                    .set(users::password_hash.eq(&better))
                    .execute(tx)?;
                Ok(replaced == 1)
            })
            .await
    }
}

/// Writes a new row.
pub(crate) fn insert(tx: &mut Tx, person: &Person, password_hash: Option<&str>) -> Result<(), Fault> {
    let password = (users::password_hash.eq(password_hash), users::password_changed_at.eq(now_if(password_hash.is_some())));
    diesel::insert_into(users::table)
        .values((users::user_id.eq(person.id.as_str()), Row::of(person), password, users::version.eq(1)))
        .execute(tx)?;
    Ok(())
}

/// The person of an id, in a transaction.
pub(crate) fn by_id(tx: &mut Tx, id: &str) -> Result<Option<UserRecord>, Fault> {
    let found = users::table.find(id).select((Row::as_select(), KEPT)).first(tx);
    one(tx, found)
}

fn set_password(
    tx: &mut Tx,
    actor: &str,
    id: &UserId,
    hash: Option<&str>,
    (expected, kept): (Option<i64>, Option<Box<str>>),
) -> Result<Written<i64>, Fault> {
    change(tx, Change::of(actor, "set_password", EntityKind::User, id), |tx| {
        expect_version(EntityKind::User, id, version(tx, id)?, expected)?;
        let version = diesel::update(users::table.find(id.as_str()))
            .set((
                users::password_hash.eq(hash),
                users::password_changed_at.eq(now_if(hash.is_some())),
                users::version.eq(users::version + 1),
            ))
            .returning(users::version)
            .get_result(tx)?;
        // Security: whoever got in with the former one, or with what it got them, is out.
        access::end_all(tx, id, kept)?;
        Ok(version)
    })
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = users)]
struct Row {
    username: String,
    username_key: String,
    enabled: bool,
    claims: String,
    attributes: String,
}

type Kept = (String, Option<String>, Option<PgTimestamp>, i64, PgTimestamp, PgTimestamp);

#[allow(clippy::type_complexity, reason = "a list of columns")]
const KEPT: (users::user_id, users::password_hash, users::password_changed_at, users::version, users::created_at, users::updated_at) =
    (users::user_id, users::password_hash, users::password_changed_at, users::version, users::created_at, users::updated_at);

#[derive(diesel::QueryableByName)]
struct Factors {
    #[diesel(sql_type = Bool)]
    totp: bool,
    #[diesel(sql_type = BigInt)]
    recovery_codes: i64,
    #[diesel(sql_type = BigInt)]
    passkeys: i64,
}

const FACTORS: &str = "SELECT EXISTS (SELECT 1 FROM user_totp f WHERE f.user_id = u.user_id) AS totp, \
     (SELECT count(*) FROM recovery_codes f WHERE f.user_id = u.user_id) AS recovery_codes, \
     (SELECT count(*) FROM passkeys f WHERE f.user_id = u.user_id) AS passkeys \
     FROM unnest($1) WITH ORDINALITY AS u (user_id, ordinal) ORDER BY ordinal";

/// The database's time, or no time.
fn now_if(known: bool) -> SqlLiteral<Nullable<Timestamptz>> {
    diesel::dsl::sql(if known { "now()" } else { "NULL" })
}

fn one(tx: &mut Tx, found: diesel::QueryResult<(Row, Kept)>) -> Result<Option<UserRecord>, Fault> {
    let Some(row) = found.optional()? else { return Ok(None) };
    Ok(with_factors(tx, vec![row])?.pop())
}

fn list(tx: &mut Tx, after: Option<&UserId>, filter: &UserFilter, limit: u32) -> Result<Vec<UserRecord>, Fault> {
    let mut query = users::table.select((Row::as_select(), KEPT)).into_boxed();
    if let Some(after) = after {
        query = query.filter(users::user_id.gt(after.as_str()));
    }
    if let Some(username) = &filter.username {
        query = query.filter(users::username_key.eq(username.key().to_owned()));
    }
    if let Some(email) = &filter.email {
        let same = diesel::dsl::sql::<Bool>("lower(claims::jsonb ->> 'email') = lower(").bind::<Text, _>(email.clone()).sql(")");
        query = query.filter(same);
    }
    let rows: Vec<(Row, Kept)> = query.order(users::user_id).limit(i64::from(limit.min(PAGE_MAX))).load(tx)?;
    with_factors(tx, rows)
}

fn with_factors(tx: &mut Tx, rows: Vec<(Row, Kept)>) -> Result<Vec<UserRecord>, Fault> {
    let ids: Vec<&str> = rows.iter().map(|(_, kept)| kept.0.as_str()).collect();
    let factors: Vec<Factors> = diesel::sql_query(FACTORS).bind::<Array<Text>, _>(&ids).load(tx)?;
    rows.into_iter().zip(factors).map(|((row, kept), factors)| record(row, kept, &factors)).collect()
}

pub(crate) fn version(tx: &mut Tx, id: &UserId) -> Result<Option<i64>, Fault> {
    Ok(users::table.find(id.as_str()).select(users::version).first(tx).optional()?)
}

impl Row {
    fn of(person: &Person) -> Self {
        Self {
            username: person.username.as_str().to_owned(),
            username_key: person.username.key().to_owned(),
            enabled: person.enabled,
            claims: person.claims.to_string(),
            attributes: person.attributes.to_string(),
        }
    }
}

fn record(row: Row, kept: Kept, factors: &Factors) -> Result<UserRecord, Fault> {
    let (user_id, hash, changed_at, version, created_at, updated_at) = kept;
    let corrupt = |column| Fault::corrupt("users", column, user_id.clone());
    let person = Person {
        id: UserId::parse(&user_id).map_err(|_| corrupt("user_id"))?,
        username: Username::parse(&row.username).map_err(|_| corrupt("username"))?,
        enabled: row.enabled,
        claims: row.claims.into(),
        attributes: row.attributes.into(),
    };
    let password = match (hash, changed_at) {
        (Some(hash), Some(changed_at)) => Some(StoredPassword { hash: hash.into(), changed_at: instant::from_sql(changed_at) }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(corrupt("password_changed_at")),
    };
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let enrolled = Enrolled { totp: factors.totp, recovery_codes: count(factors.recovery_codes), passkeys: count(factors.passkeys) };
    let (created_at, updated_at) = (instant::from_sql(created_at), instant::from_sql(updated_at));
    Ok(UserRecord { person, password, enrolled, version, created_at, updated_at })
}
