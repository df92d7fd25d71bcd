//! `user_links`: who a person is at another OpenID Provider.

use claimsmith_issuer::person::{Person, UserId};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::changes::{Change, EntityKind, Written, change};
use crate::fault::Fault;
use crate::schema::user_links;
use crate::store::Store;
use crate::users::{self, UserRecord};

/// Somebody at another provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserLink {
    /// The provider's issuer identifier.
    pub issuer: Box<str>,
    /// Their `sub` there, which is never anybody else's (OpenID Connect Core §8).
    pub subject: Box<str>,
}

impl Store {
    /// The person who is linked, enabled or not.
    pub async fn linked_user(&self, link: UserLink) -> Result<Option<UserRecord>, Fault> {
        self.boundary
            .snapshot(move |tx| {
                let row = user_links::table.find((&*link.issuer, &*link.subject)).select(user_links::user_id);
                let id: Option<String> = row.first(tx).optional()?;
                id.map_or(Ok(None), |id| users::by_id(tx, &id))
            })
            .await
    }

    /// Who a person is at other issuers.
    pub async fn user_links(&self, id: &UserId) -> Result<Vec<UserLink>, Fault> {
        let id = id.clone();
        self.boundary
            .read(move |tx| {
                let rows: Vec<(String, String)> = user_links::table
                    .filter(user_links::user_id.eq(id.as_str()))
                    .order((user_links::issuer, user_links::subject))
                    .select((user_links::issuer, user_links::subject))
                    .load(tx)?;
                Ok(rows.into_iter().map(|(issuer, subject)| UserLink { issuer: issuer.into(), subject: subject.into() }).collect())
            })
            .await
    }

    /// Says who a person is at another issuer. Nobody else may be that already.
    pub async fn link_user(&self, actor: &str, id: &UserId, link: UserLink) -> Result<Written, Fault> {
        self.change_factors(actor, "link", id, move |tx, id| {
            let row = (user_links::issuer.eq(&*link.issuer), user_links::subject.eq(&*link.subject), user_links::user_id.eq(id.as_str()));
            let inserted = diesel::insert_into(user_links::table).values(row).on_conflict_do_nothing().execute(tx)?;
            if inserted == 0 {
                return Err(Fault::Exists { kind: "link", key: format!("{} at {}", link.subject, link.issuer) });
            }
            Ok(())
        })
        .await
    }

    /// Unlinks a person from an issuer.
    pub async fn unlink_user(&self, actor: &str, id: &UserId, issuer: &str) -> Result<Written, Fault> {
        let issuer = issuer.to_owned();
        self.change_factors(actor, "unlink", id, move |tx, id| {
            let mine = user_links::table.filter(user_links::user_id.eq(id.as_str())).filter(user_links::issuer.eq(&issuer));
            match diesel::delete(mine).execute(tx)? {
                0 => Err(Fault::Missing { kind: "link", key: issuer }),
                _ => Ok(()),
            }
        })
        .await
    }

    /// Registers a person together with their link, without a password: both or neither.
    pub async fn create_linked_user(&self, actor: &str, person: Person, link: UserLink) -> Result<Written, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "create", EntityKind::User, &person.id), |tx| {
                    users::insert(tx, &person, None)?;
                    diesel::insert_into(user_links::table)
                        .values((
                            user_links::issuer.eq(&*link.issuer),
                            user_links::subject.eq(&*link.subject),
                            user_links::user_id.eq(person.id.as_str()),
                        ))
                        .execute(tx)?;
                    Ok(())
                })
            })
            .await
    }
}
