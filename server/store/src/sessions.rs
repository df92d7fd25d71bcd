//! `sessions` and `session_clients`: people who are signed in, and the clients that got something of it.

use claimsmith_issuer::assurance::Method;
use claimsmith_issuer::person::UserId;
use claimsmith_jose::Digest;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;
use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper};

use crate::connection::Tx;
use crate::fault::Fault;
use crate::grants::{self, Ending};
use crate::instant;
use crate::logout_deliveries;
use crate::page::PAGE_MAX;
use crate::schema::{session_clients, sessions};
use crate::store::Store;

/// A person's session in one browser.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its name; no secret.
    pub id: Box<str>,
    /// SHA-256 of the cookie that stands for it.
    pub cookie_digest: Digest,
    /// Whose it is.
    pub user_id: UserId,
    /// What they did to sign in.
    pub methods: Vec<Method>,
    /// What plugins remember, a JSON object.
    pub attributes: Box<str>,
    /// Where it was begun from.
    pub address: Box<str>,
    /// What the browser called itself.
    pub user_agent: Box<str>,
    /// When the person signed in, the last time.
    pub authenticated_at: Timestamp,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was last used, within a minute.
    pub seen_at: Timestamp,
    /// When it ends, whatever happens.
    pub expires_at: Timestamp,
}

/// Which sessions end.
#[derive(Debug, Clone)]
pub enum EndedSessions {
    /// This one.
    One(Box<str>),
    /// All of a person.
    OfUser(UserId),
    /// All of a person but this one.
    OfUserBut(UserId, Box<str>),
}

/// A session that has ended, and the clients that got something of it.
#[derive(Debug, Clone)]
pub struct EndedSession {
    /// Its name.
    pub id: Box<str>,
    /// Whose it was.
    pub user_id: UserId,
    /// Whom to tell.
    pub clients: Vec<ClientId>,
}

impl Store {
    /// The live session that a cookie stands for.
    pub async fn session_of_cookie(&self, cookie_digest: Digest, now: Timestamp) -> Result<Option<Session>, Fault> {
        self.boundary
            .read(move |tx| {
                let row: Option<Row> = sessions::table
                    .filter(sessions::cookie_digest.eq(&cookie_digest.as_bytes()[..]))
                    .filter(sessions::ended_at.is_null())
                    .filter(sessions::expires_at.gt(instant::to_sql(now)))
                    .select(Row::as_select())
                    .first(tx)
                    .optional()?;
                row.map(Session::try_from).transpose()
            })
            .await
    }

    /// Begins a session, or puts a new sign-in in the place of an old one in the same browser: `replaces` is that one's name.
    pub async fn begin_session(&self, session: Session, replaces: Option<Box<str>>) -> Result<(), Fault> {
        self.boundary
            .write(move |tx| {
                if let Some(former) = replaces.filter(|former| *former != session.id) {
                    end(tx, &EndedSessions::One(former), session.authenticated_at)?;
                }
                let row = Row::of(&session);
                diesel::insert_into(sessions::table)
                    .values(&row)
                    .on_conflict(sessions::session_id)
                    .do_update()
                    .set((
                        sessions::cookie_digest.eq(&row.cookie_digest),
                        sessions::methods.eq(&row.methods),
                        sessions::attributes.eq(&row.attributes),
                        sessions::address.eq(&row.address),
                        sessions::user_agent.eq(&row.user_agent),
                        sessions::authenticated_at.eq(row.authenticated_at),
                        sessions::seen_at.eq(row.seen_at),
                        sessions::expires_at.eq(row.expires_at),
                    ))
                    .execute(tx)?;
                Ok(())
            })
            .await
    }

    /// Notes that a session is in use.
    pub async fn see_session(&self, id: &str, at: Timestamp) -> Result<(), Fault> {
        let id = id.to_owned();
        self.boundary
            .write(move |tx| {
                diesel::update(sessions::table.find(&id)).set(sessions::seen_at.eq(instant::to_sql(at))).execute(tx)?;
                Ok(())
            })
            .await
    }

    /// The live sessions of a person, the latest used first.
    pub async fn sessions_of_user(&self, user: &UserId, now: Timestamp) -> Result<Vec<Session>, Fault> {
        let user = user.clone();
        self.boundary
            .read(move |tx| {
                let rows: Vec<Row> = sessions::table
                    .filter(sessions::user_id.eq(user.as_str()))
                    .filter(sessions::ended_at.is_null())
                    .filter(sessions::expires_at.gt(instant::to_sql(now)))
                    .order(sessions::seen_at.desc())
                    .limit(i64::from(PAGE_MAX))
                    .select(Row::as_select())
                    .load(tx)?;
                rows.into_iter().map(Session::try_from).collect()
            })
            .await
    }

    /// Ends sessions, with the grants that end with them, and has their clients told. What comes back are those that had not ended before.
    pub async fn end_sessions(&self, which: EndedSessions, at: Timestamp) -> Result<Vec<EndedSession>, Fault> {
        self.boundary.write(move |tx| end(tx, &which, at)).await
    }
}

/// Notes that a client got something of a session.
pub(crate) fn note_client(tx: &mut Tx, session_id: &str, client_id: &ClientId) -> Result<(), Fault> {
    diesel::insert_into(session_clients::table)
        .values((session_clients::session_id.eq(session_id), session_clients::client_id.eq(client_id.as_str())))
        .on_conflict_do_nothing()
        .execute(tx)?;
    Ok(())
}

pub(crate) fn end(tx: &mut Tx, which: &EndedSessions, at: Timestamp) -> Result<Vec<EndedSession>, Fault> {
    let set = sessions::ended_at.eq(instant::to_sql(at));
    let live = sessions::ended_at.is_null();
    let names = (sessions::session_id, sessions::user_id);
    let ended: Vec<(String, String)> = match which {
        EndedSessions::One(id) => {
            diesel::update(sessions::table.filter(sessions::session_id.eq(&**id)).filter(live)).set(set).returning(names).get_results(tx)?
        }
        EndedSessions::OfUser(user) => diesel::update(sessions::table.filter(sessions::user_id.eq(user.as_str())).filter(live))
            .set(set)
            .returning(names)
            .get_results(tx)?,
        EndedSessions::OfUserBut(user, kept) => {
            let others = sessions::table.filter(sessions::user_id.eq(user.as_str())).filter(sessions::session_id.ne(&**kept));
            diesel::update(others.filter(live)).set(set).returning(names).get_results(tx)?
        }
    };
    let mut all = Vec::with_capacity(ended.len());
    for (id, user) in ended {
        grants::end(tx, &Ending::Session(id.as_str().into()), at)?;
        logout_deliveries::owe(tx, &id, &user)?;
        let clients: Vec<String> = session_clients::table
            .filter(session_clients::session_id.eq(&id))
            .select(session_clients::client_id)
            .order(session_clients::client_id)
            .load(tx)?;
        let clients: Option<Vec<ClientId>> = clients.iter().map(|client| ClientId::parse(client).ok()).collect();
        all.push(EndedSession {
            user_id: UserId::parse(&user).map_err(|_| Fault::corrupt("sessions", "user_id", id.clone()))?,
            clients: clients.ok_or_else(|| Fault::corrupt("session_clients", "client_id", id.clone()))?,
            id: id.into(),
        });
    }
    Ok(all)
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
struct Row {
    session_id: String,
    cookie_digest: Vec<u8>,
    user_id: String,
    methods: Vec<String>,
    attributes: String,
    address: String,
    user_agent: String,
    authenticated_at: PgTimestamp,
    created_at: PgTimestamp,
    seen_at: PgTimestamp,
    expires_at: PgTimestamp,
}

impl Row {
    fn of(session: &Session) -> Self {
        Self {
            session_id: session.id.to_string(),
            cookie_digest: session.cookie_digest.as_bytes().to_vec(),
            user_id: session.user_id.to_string(),
            methods: session.methods.iter().map(|method| method.as_str().to_owned()).collect(),
            attributes: session.attributes.to_string(),
            address: session.address.to_string(),
            user_agent: session.user_agent.to_string(),
            authenticated_at: instant::to_sql(session.authenticated_at),
            created_at: instant::to_sql(session.created_at),
            seen_at: instant::to_sql(session.seen_at),
            expires_at: instant::to_sql(session.expires_at),
        }
    }
}

impl TryFrom<Row> for Session {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        let corrupt = |column| Fault::corrupt("sessions", column, row.session_id.clone());
        let methods: Option<Vec<Method>> = row.methods.iter().map(|method| Method::parse(method)).collect();
        Ok(Self {
            cookie_digest: Digest::try_from(row.cookie_digest.as_slice()).map_err(|_| corrupt("cookie_digest"))?,
            user_id: UserId::parse(&row.user_id).map_err(|_| corrupt("user_id"))?,
            methods: methods.ok_or_else(|| corrupt("methods"))?,
            attributes: row.attributes.as_str().into(),
            address: row.address.as_str().into(),
            user_agent: row.user_agent.as_str().into(),
            authenticated_at: instant::from_sql(row.authenticated_at),
            created_at: instant::from_sql(row.created_at),
            seen_at: instant::from_sql(row.seen_at),
            expires_at: instant::from_sql(row.expires_at),
            id: row.session_id.into(),
        })
    }
}
