//! `grants`: what people have allowed clients, with the state of each code and refresh token.

use claimsmith_issuer::grants::{Allowed, CodeState, From, GrantRecord, RefreshState};
use claimsmith_issuer::person::{Person, UserId, Username};
use claimsmith_jose::Digest;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;
use diesel::pg::PgConnection;
use diesel::{
    ExpressionMethods, Insertable, JoinOnDsl, NullableExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable,
    SelectableHelper,
};

use crate::connection::Tx;
use crate::fault::Fault;
use crate::instant;
use crate::page::PAGE_MAX;
use crate::schema::{grants, users};
use crate::store::Store;
use crate::writer::{Column, Statement};

/// A grant and its person.
#[derive(Debug, Clone)]
pub struct LoadedGrant {
    /// The grant.
    pub grant: GrantRecord,
    /// The person, with when what is known of them last changed; none when they are gone.
    pub person: Option<(Person, Timestamp)>,
}

impl LoadedGrant {
    /// Whether its person is there and enabled.
    pub fn person_is_there(&self) -> bool {
        self.person.as_ref().is_some_and(|(person, _)| person.enabled)
    }
}

/// The use of a code or of a refresh token that is replaced.
#[derive(Debug, Clone)]
pub struct GrantAdvance {
    /// The grant.
    pub grant: GrantId,
    /// What was presented, and must still be good.
    pub from: From,
    /// The refresh token from now on.
    pub refresh: Option<RefreshState>,
    /// What was allowed, where plugins remember something new with it.
    pub allowed: Option<Box<str>>,
    /// When.
    pub at: Timestamp,
}

/// The use of a refresh token that stays.
#[derive(Debug, Clone)]
pub struct GrantTouch {
    /// The grant.
    pub grant: GrantId,
    /// When its refresh token ends if it is not used again.
    pub refresh_expires_at: Timestamp,
}

/// Which grants end.
#[derive(Debug, Clone)]
pub enum Ending {
    /// This one.
    Grant(GrantId),
    /// This one, where it is this person's.
    OneOfUser(UserId, GrantId),
    /// Those that end with a session.
    Session(Box<str>),
    /// All of a person.
    User(UserId),
    /// All of a client, whoever allowed them.
    Client(ClientId),
    /// All of a person for a client.
    Pair(UserId, ClientId),
}

impl Store {
    /// The grant of an id, with its person; one statement.
    pub async fn load_grant(&self, id: GrantId) -> Result<Option<LoadedGrant>, Fault> {
        self.boundary.read(move |tx| load(tx, id)).await
    }

    /// Ends grants, with every token that came of them.
    pub async fn end_grants(&self, ending: Ending, at: Timestamp) -> Result<u64, Fault> {
        self.boundary.write(move |tx| end(tx, &ending, at)).await
    }

    /// Uses up a code without giving anything for it.
    pub async fn spend_code(&self, id: GrantId, digest: Digest, at: Timestamp) -> Result<(), Fault> {
        self.boundary
            .write(move |tx| {
                diesel::update(grants::table.find(&id.as_bytes()[..]))
                    .filter(grants::code_digest.eq(&digest.as_bytes()[..]))
                    .filter(grants::code_spent_at.is_null())
                    .set(grants::code_spent_at.eq(instant::to_sql(at)))
                    .execute(tx)?;
                Ok(())
            })
            .await
    }

    /// The live grants of a person that a refresh token goes with, the youngest first.
    pub async fn grants_of_user(&self, user: &UserId, now: Timestamp) -> Result<Vec<GrantRecord>, Fault> {
        let user = user.clone();
        self.boundary
            .read(move |tx| {
                let rows: Vec<Row> = grants::table
                    .filter(grants::user_id.eq(user.as_str()))
                    .filter(grants::revoked_at.is_null())
                    .filter(grants::expires_at.gt(instant::to_sql(now)))
                    .order(grants::created_at.desc())
                    .limit(i64::from(PAGE_MAX))
                    .select(Row::as_select())
                    .load(tx)?;
                rows.into_iter().map(GrantRecord::try_from).collect()
            })
            .await
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = grants)]
struct Row {
    grant_id: Vec<u8>,
    client_id: String,
    user_id: String,
    session_id: Option<String>,
    allowed: String,
    code_digest: Option<Vec<u8>>,
    code_expires_at: Option<PgTimestamp>,
    code_spent_at: Option<PgTimestamp>,
    refresh_number: Option<i64>,
    refresh_digest: Option<Vec<u8>>,
    previous_digest: Option<Vec<u8>>,
    rotated_at: Option<PgTimestamp>,
    refresh_expires_at: Option<PgTimestamp>,
    bound_to: Option<String>,
    created_at: PgTimestamp,
    expires_at: PgTimestamp,
    revoked_at: Option<PgTimestamp>,
}

type PersonRow = (String, bool, String, String, PgTimestamp);

fn load(tx: &mut Tx, id: GrantId) -> Result<Option<LoadedGrant>, Fault> {
    let person = (users::username, users::enabled, users::claims, users::attributes, users::updated_at);
    let found: Option<(Row, Option<PersonRow>)> = grants::table
        .left_join(users::table.on(users::user_id.eq(grants::user_id)))
        .filter(grants::grant_id.eq(&id.as_bytes()[..]))
        .select((Row::as_select(), person.nullable()))
        .first(tx)
        .optional()?;
    let Some((row, person)) = found else { return Ok(None) };
    let grant = GrantRecord::try_from(row)?;
    let person = person.map(|row| read_person(&grant.user_id, row)).transpose()?;
    Ok(Some(LoadedGrant { grant, person }))
}

fn read_person(id: &UserId, (username, enabled, claims, attributes, updated_at): PersonRow) -> Result<(Person, Timestamp), Fault> {
    let username = Username::parse(&username).map_err(|_| Fault::corrupt("users", "username", id.to_string()))?;
    let person = Person { id: id.clone(), username, enabled, claims: claims.into(), attributes: attributes.into() };
    Ok((person, instant::from_sql(updated_at)))
}

/// Inserts a grant.
pub(crate) fn insert(tx: &mut Tx, grant: &GrantRecord) -> Result<(), Fault> {
    diesel::insert_into(grants::table).values(Row::of(grant)).execute(tx)?;
    Ok(())
}

/// Inserts grants that begin with their first tokens. One that is there already was written by an attempt whose answer was lost.
pub(crate) fn begin(conn: &mut PgConnection, grants: &[&GrantRecord]) -> Result<(), Fault> {
    let rows: Vec<Row> = grants.iter().map(|grant| Row::of(grant)).collect();
    diesel::insert_into(grants::table).values(rows).on_conflict_do_nothing().execute(conn)?;
    Ok(())
}

/// Ends grants that have not ended.
pub(crate) fn end(tx: &mut Tx, ending: &Ending, at: Timestamp) -> Result<u64, Fault> {
    let set = grants::revoked_at.eq(instant::to_sql(at));
    let live = grants::revoked_at.is_null();
    let ended = match ending {
        Ending::Grant(id) => {
            diesel::update(grants::table.filter(grants::grant_id.eq(&id.as_bytes()[..])).filter(live)).set(set).execute(tx)?
        }
        Ending::OneOfUser(user, id) => {
            let one = grants::table.filter(grants::grant_id.eq(&id.as_bytes()[..])).filter(grants::user_id.eq(user.as_str()));
            diesel::update(one.filter(live)).set(set).execute(tx)?
        }
        Ending::Session(id) => diesel::update(grants::table.filter(grants::session_id.eq(&**id)).filter(live)).set(set).execute(tx)?,
        Ending::User(user) => diesel::update(grants::table.filter(grants::user_id.eq(user.as_str())).filter(live)).set(set).execute(tx)?,
        Ending::Client(client) => {
            diesel::update(grants::table.filter(grants::client_id.eq(client.as_str())).filter(live)).set(set).execute(tx)?
        }
        Ending::Pair(user, client) => {
            let theirs = grants::table.filter(grants::user_id.eq(user.as_str())).filter(grants::client_id.eq(client.as_str()));
            diesel::update(theirs.filter(live)).set(set).execute(tx)?
        }
    };
    Ok(ended as u64)
}

/// Advances grants, each under the settle id of its row, and answers the settle ids that are in the table now: the winners.
///
/// Of several for one grant in the batch the first wins. A row that is there under the same settle id was written by an attempt whose
/// answer was lost, and has won.
pub(crate) fn advance(conn: &mut PgConnection, rows: &[(&GrantAdvance, &[u8; 16])]) -> Result<Vec<Vec<u8>>, Fault> {
    let refresh = |advance: &GrantAdvance| advance.refresh.clone();
    let states: Vec<Option<RefreshState>> = rows.iter().map(|(advance, _)| refresh(advance)).collect();
    let code = |from: &From| if let From::Code(digest) = from { Some(*digest) } else { None };
    let held = |from: &From| if let From::Refresh(digest) = from { Some(*digest) } else { None };
    let codes: Vec<Option<Digest>> = rows.iter().map(|(advance, _)| code(&advance.from)).collect();
    let expected: Vec<Option<Digest>> = rows.iter().map(|(advance, _)| held(&advance.from)).collect();
    fn bytes(digests: &[Option<Digest>]) -> Vec<Option<&[u8]>> {
        digests.iter().map(|digest| digest.as_ref().map(|digest| &digest.as_bytes()[..])).collect()
    }
    let digests: Vec<Option<Digest>> = states.iter().map(|state| state.as_ref().map(|state| state.digest)).collect();
    let previous: Vec<Option<Digest>> = states.iter().map(|state| state.as_ref()?.previous_digest).collect();
    let statement = Statement::<4> {
        sql: &[
            "UPDATE grants AS held SET \
             code_spent_at = CASE WHEN claimed.code_digest IS NULL THEN held.code_spent_at ELSE claimed.at END, \
             refresh_number = claimed.refresh_number, refresh_digest = claimed.refresh_digest, previous_digest = claimed.previous_digest, \
             rotated_at = claimed.rotated_at, refresh_expires_at = claimed.refresh_expires_at, bound_to = claimed.bound_to, \
             allowed = coalesce(claimed.allowed, held.allowed), settle_id = claimed.settle_id \
             FROM (SELECT DISTINCT ON (grant_id) * FROM unnest(",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ") AS claimed (grant_id, settle_id, code_digest, expected_digest, at, refresh_number, refresh_digest, previous_digest, rotated_at, \
             refresh_expires_at, bound_to, allowed, ordinal) ORDER BY grant_id, ordinal) AS claimed \
             WHERE held.grant_id = claimed.grant_id AND held.revoked_at IS NULL AND (held.settle_id = claimed.settle_id \
             OR (held.code_digest = claimed.code_digest AND held.code_spent_at IS NULL) \
             OR (claimed.code_digest IS NULL AND held.refresh_digest = claimed.expected_digest)) \
             RETURNING held.settle_id",
        ],
        columns: vec![
            Column::Bytes(rows.iter().map(|(advance, _)| &advance.grant.as_bytes()[..]).collect()),
            Column::Bytes(rows.iter().map(|(_, id)| &id[..]).collect()),
            Column::OptionalBytes(bytes(&codes)),
            Column::OptionalBytes(bytes(&expected)),
            Column::Instant(rows.iter().map(|(advance, _)| instant::to_sql(advance.at)).collect()),
            Column::OptionalNumber(states.iter().map(|state| state.as_ref().map(|state| i64::from(state.number))).collect()),
            Column::OptionalBytes(bytes(&digests)),
            Column::OptionalBytes(bytes(&previous)),
            Column::OptionalInstant(states.iter().map(|state| state.as_ref()?.rotated_at.map(instant::to_sql)).collect()),
            Column::OptionalInstant(states.iter().map(|state| state.as_ref().map(|state| instant::to_sql(state.expires_at))).collect()),
            Column::OptionalText(states.iter().map(|state| state.as_ref()?.bound_to.as_deref()).collect()),
            Column::OptionalText(rows.iter().map(|(advance, _)| advance.allowed.as_deref()).collect()),
            Column::Number((0..).take(rows.len()).collect()),
        ],
    };
    Ok(statement.run(conn)?)
}

/// Notes that refresh tokens were used which stay.
pub(crate) fn touch(conn: &mut PgConnection, rows: &[&GrantTouch]) -> Result<(), Fault> {
    let statement = Statement::<5> {
        sql: &[
            "UPDATE grants AS held SET refresh_expires_at = greatest(held.refresh_expires_at, claimed.refresh_expires_at) FROM unnest(",
            ", ",
            ") AS claimed (grant_id, refresh_expires_at) WHERE held.grant_id = claimed.grant_id AND held.refresh_digest IS NOT NULL \
             RETURNING held.grant_id",
        ],
        columns: vec![
            Column::Bytes(rows.iter().map(|touch| &touch.grant.as_bytes()[..]).collect()),
            Column::Instant(rows.iter().map(|touch| instant::to_sql(touch.refresh_expires_at)).collect()),
        ],
    };
    statement.run(conn)?;
    Ok(())
}

impl Row {
    fn of(grant: &GrantRecord) -> Self {
        let bytes = |digest: &Digest| digest.as_bytes().to_vec();
        let (code, refresh) = (grant.code.as_ref(), grant.refresh.as_ref());
        Self {
            grant_id: grant.id.as_bytes().to_vec(),
            client_id: grant.client_id.to_string(),
            user_id: grant.user_id.to_string(),
            session_id: grant.session_id.as_deref().map(str::to_owned),
            allowed: grant.allowed.to_text(),
            code_digest: code.map(|code| bytes(&code.digest)),
            code_expires_at: code.map(|code| instant::to_sql(code.expires_at)),
            code_spent_at: code.and_then(|code| code.spent_at).map(instant::to_sql),
            refresh_number: refresh.map(|refresh| i64::from(refresh.number)),
            refresh_digest: refresh.map(|refresh| bytes(&refresh.digest)),
            previous_digest: refresh.and_then(|refresh| refresh.previous_digest.as_ref().map(bytes)),
            rotated_at: refresh.and_then(|refresh| refresh.rotated_at).map(instant::to_sql),
            refresh_expires_at: refresh.map(|refresh| instant::to_sql(refresh.expires_at)),
            bound_to: refresh.and_then(|refresh| refresh.bound_to.as_deref().map(str::to_owned)),
            created_at: instant::to_sql(grant.created_at),
            expires_at: instant::to_sql(grant.expires_at),
            revoked_at: grant.revoked_at.map(instant::to_sql),
        }
    }
}

impl TryFrom<Row> for GrantRecord {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        let Ok(id) = <[u8; 16]>::try_from(row.grant_id.as_slice()) else {
            return Err(Fault::corrupt("grants", "grant_id", String::new()));
        };
        let id = GrantId::from_bytes(id);
        let corrupt = |column| Fault::corrupt("grants", column, id.to_string());
        let digest = |column, bytes: &[u8]| Digest::try_from(bytes).map_err(|_| corrupt(column));
        let code = match (&row.code_digest, row.code_expires_at) {
            (Some(bytes), Some(expires_at)) => Some(CodeState {
                digest: digest("code_digest", bytes)?,
                expires_at: instant::from_sql(expires_at),
                spent_at: row.code_spent_at.map(instant::from_sql),
            }),
            (None, None) => None,
            _ => return Err(corrupt("code_digest")),
        };
        let refresh = match (row.refresh_number, &row.refresh_digest, row.refresh_expires_at) {
            (Some(number), Some(bytes), Some(expires_at)) => Some(RefreshState {
                number: u32::try_from(number).map_err(|_| corrupt("refresh_number"))?,
                digest: digest("refresh_digest", bytes)?,
                previous_digest: row.previous_digest.as_deref().map(|bytes| digest("previous_digest", bytes)).transpose()?,
                rotated_at: row.rotated_at.map(instant::from_sql),
                expires_at: instant::from_sql(expires_at),
                bound_to: row.bound_to.as_deref().map(Into::into),
            }),
            (None, None, None) => None,
            _ => return Err(corrupt("refresh_digest")),
        };
        Ok(Self {
            id,
            client_id: ClientId::parse(&row.client_id).map_err(|_| corrupt("client_id"))?,
            user_id: UserId::parse(&row.user_id).map_err(|_| corrupt("user_id"))?,
            session_id: row.session_id.map(Into::into),
            allowed: Allowed::from_text(&row.allowed).ok_or_else(|| corrupt("allowed"))?,
            code,
            refresh,
            created_at: instant::from_sql(row.created_at),
            expires_at: instant::from_sql(row.expires_at),
            revoked_at: row.revoked_at.map(instant::from_sql),
        })
    }
}
