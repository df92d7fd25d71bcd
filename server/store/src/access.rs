//! A person's access, as they or an administrator end it: sessions, grants and consents. Each is an admin change, with its record in the audit.

use claimsmith_issuer::person::UserId;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;

use crate::changes::{Change, EntityKind, Written, change, expect_version};
use crate::clients;
use crate::connection::Tx;
use crate::consents;
use crate::fault::Fault;
use crate::grants::{self, Ending};
use crate::instant;
use crate::sessions::{self, EndedSession, EndedSessions};
use crate::store::Store;
use crate::users;

impl Store {
    /// Ends one session of a person, or all of them, with the grants that end with them.
    ///
    /// # Errors
    /// [`Fault::Missing`] when there is no such person, or no such live session of theirs.
    pub async fn end_access_sessions(
        &self,
        actor: &str,
        user: &UserId,
        session: Option<Box<str>>,
    ) -> Result<Written<Vec<EndedSession>>, Fault> {
        let (actor, user) = (actor.to_owned(), user.clone());
        let action = if session.is_some() { "end_session" } else { "end_sessions" };
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, action, EntityKind::User, &user), |tx| {
                    expect_there(tx, &user)?;
                    let which = match &session {
                        Some(session) => EndedSessions::OneOfUser(user.clone(), session.clone()),
                        None => EndedSessions::OfUser(user.clone()),
                    };
                    let at = now(tx)?;
                    let ended = sessions::end(tx, &which, at)?;
                    match session {
                        Some(key) if ended.is_empty() => Err(Fault::Missing { kind: "session", key: key.into() }),
                        _ => Ok(ended),
                    }
                })
            })
            .await
    }

    /// Ends every session of a person but one, with the grants that end with them.
    ///
    /// # Errors
    /// [`Fault::Missing`] when there is no such person.
    pub async fn end_other_sessions(&self, actor: &str, user: &UserId, kept: &str) -> Result<Written<Vec<EndedSession>>, Fault> {
        let (actor, user, kept) = (actor.to_owned(), user.clone(), Box::from(kept));
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "end_sessions", EntityKind::User, &user), |tx| {
                    expect_there(tx, &user)?;
                    let at = now(tx)?;
                    sessions::end(tx, &EndedSessions::OfUserBut(user.clone(), kept), at)
                })
            })
            .await
    }

    /// Ends one grant of a person, or all of them, with every token that came of them; how many ended.
    ///
    /// # Errors
    /// [`Fault::Missing`] when there is no such person, or no such live grant of theirs.
    pub async fn end_access_grants(&self, actor: &str, user: &UserId, grant: Option<GrantId>) -> Result<Written<u64>, Fault> {
        let (actor, user) = (actor.to_owned(), user.clone());
        let action = if grant.is_some() { "end_grant" } else { "end_grants" };
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, action, EntityKind::User, &user), |tx| {
                    expect_there(tx, &user)?;
                    let ending = match grant {
                        Some(grant) => Ending::OneOfUser(user.clone(), grant),
                        None => Ending::User(user.clone()),
                    };
                    let at = now(tx)?;
                    let ended = grants::end(tx, &ending, at)?;
                    match grant {
                        Some(key) if ended == 0 => Err(Fault::Missing { kind: "grant", key: key.to_string() }),
                        _ => Ok(ended),
                    }
                })
            })
            .await
    }

    /// Ends everything that a person was let in with, here and elsewhere: every session, every grant, and with them every token.
    ///
    /// # Errors
    /// [`Fault::Missing`] when there is no such person.
    pub async fn end_everything_of_user(&self, actor: &str, user: &UserId) -> Result<Written<Vec<EndedSession>>, Fault> {
        let (actor, user) = (actor.to_owned(), user.clone());
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "end_everything", EntityKind::User, &user), |tx| {
                    expect_there(tx, &user)?;
                    let at = now(tx)?;
                    let ended = sessions::end(tx, &EndedSessions::OfUser(user.clone()), at)?;
                    grants::end(tx, &Ending::User(user.clone()), at)?;
                    Ok(ended)
                })
            })
            .await
    }

    /// Ends everything that a client was given until now: every grant, and every access token, also those that no row stands for.
    /// `at` is the caller's time: a node that is ahead of the database has issued tokens of its own time. How many grants ended.
    ///
    /// # Errors
    /// [`Fault::Missing`] when there is no such client.
    pub async fn end_everything_of_client(&self, actor: &str, client: &ClientId, at: Timestamp) -> Result<Written<u64>, Fault> {
        let (actor, client) = (actor.to_owned(), client.clone());
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "end_everything", EntityKind::Client, &client), |tx| {
                    let at = now(tx)?.max(at);
                    if !clients::end_tokens(tx, &client, at)? {
                        return Err(Fault::Missing { kind: "client", key: client.to_string() });
                    }
                    grants::end(tx, &Ending::Client(client.clone()), at)
                })
            })
            .await
    }

    /// Takes a consent back in a person's place: the client's grants of this person end with it.
    ///
    /// # Errors
    /// [`Fault::Missing`] when there is no such person, or neither a consent nor a live grant for this client.
    pub async fn withdraw_access(&self, actor: &str, user: &UserId, client: &ClientId) -> Result<Written, Fault> {
        let (actor, user, client) = (actor.to_owned(), user.clone(), client.clone());
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "withdraw_consent", EntityKind::User, &user), |tx| {
                    expect_there(tx, &user)?;
                    let at = now(tx)?;
                    if consents::withdraw(tx, &user, &client, at)? {
                        Ok(())
                    } else {
                        Err(Fault::Missing { kind: "consent", key: client.to_string() })
                    }
                })
            })
            .await
    }
}

/// Ends everything that a person was let in with: `kept` is a session that stays.
pub(crate) fn end_all(tx: &mut Tx, user: &UserId, kept: Option<Box<str>>) -> Result<(), Fault> {
    let at = now(tx)?;
    let which = match kept {
        Some(kept) => EndedSessions::OfUserBut(user.clone(), kept),
        None => EndedSessions::OfUser(user.clone()),
    };
    sessions::end(tx, &which, at)?;
    // Those of `offline_access` outlive sessions, but not this (RFC 9700 §4.14.2).
    grants::end(tx, &Ending::User(user.clone()), at)?;
    Ok(())
}

fn expect_there(tx: &mut Tx, user: &UserId) -> Result<(), Fault> {
    let version = users::version(tx, user)?;
    expect_version(EntityKind::User, user, version, None)
}

/// The time of the transaction, by the database's clock.
fn now(tx: &mut Tx) -> Result<Timestamp, Fault> {
    use diesel::{IntoSql as _, RunQueryDsl as _};
    let at = diesel::select(diesel::dsl::now.into_sql::<diesel::sql_types::Timestamptz>()).get_result(tx)?;
    Ok(instant::from_sql(at))
}
