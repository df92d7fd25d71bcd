//! `user_links`: who a person is at another OpenID Provider.

use claimsmith_issuer::person::Person;
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
