//! `registration_tokens` and `registered_clients`: who may register clients, and clients that registered themselves.

use claimsmith_issuer::client::Client;
use claimsmith_jose::Digest;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::changes::{Change, EntityKind, Written, change, expect_version};
use crate::clients;
use crate::connection::Tx;
use crate::fault::Fault;
use crate::instant;
use crate::schema::{registered_clients, registration_tokens};
use crate::store::Store;

/// An initial access token (RFC 7591 §3), without the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationToken {
    /// Its name, for administrators.
    pub name: Box<str>,
    /// How many clients it may still register; any number when absent.
    pub uses_left: Option<u32>,
    /// When it ends; never when absent.
    pub expires_at: Option<Timestamp>,
}

impl RegistrationToken {
    /// Whether a client may be registered with it.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.uses_left != Some(0) && self.expires_at.is_none_or(|end| now < end)
    }
}

/// What is kept beside a client that registered itself.
#[derive(Debug, Clone)]
pub struct RegisteredClient {
    /// Whose it is.
    pub client_id: ClientId,
    /// SHA-256 of its registration access token (RFC 7592 §3).
    pub token_digest: Digest,
    /// The name of the initial access token that it was registered with.
    pub registered_with: Option<Box<str>>,
    /// Members that are shown and nothing else, as a JSON object.
    pub extra: Box<str>,
}

/// Under what a client registers.
#[derive(Debug, Clone, Copy)]
pub struct Admission {
    /// SHA-256 of the initial access token that is used; none where everybody may register.
    pub token_digest: Option<Digest>,
    /// The most clients that may have registered themselves.
    pub clients_max: u32,
    /// The time.
    pub now: Timestamp,
}

type Row = (String, Option<i32>, Option<PgTimestamp>);

const COLUMNS: (registration_tokens::name, registration_tokens::uses_left, registration_tokens::expires_at) =
    (registration_tokens::name, registration_tokens::uses_left, registration_tokens::expires_at);

impl Store {
    /// Keeps an initial access token, given its SHA-256.
    pub async fn create_registration_token(&self, actor: &str, digest: Digest, token: RegistrationToken) -> Result<Written, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "create", EntityKind::RegistrationToken, &token.name), |tx| {
                    diesel::insert_into(registration_tokens::table)
                        .values((
                            registration_tokens::name.eq(&*token.name),
                            registration_tokens::token_digest.eq(&digest.as_bytes()[..]),
                            registration_tokens::uses_left.eq(token.uses_left.map(|uses| i32::try_from(uses).unwrap_or(i32::MAX))),
                            registration_tokens::expires_at.eq(token.expires_at.map(instant::to_sql)),
                        ))
                        .execute(tx)?;
                    Ok(())
                })
            })
            .await
    }

    /// Ends an initial access token at once. Clients that were registered with it stay.
    pub async fn delete_registration_token(&self, actor: &str, name: &str) -> Result<Written, Fault> {
        let (actor, name) = (actor.to_owned(), name.to_owned());
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "revoke", EntityKind::RegistrationToken, &name), |tx| {
                    let gone = diesel::delete(registration_tokens::table.find(&name)).execute(tx)?;
                    if gone == 0 { Err(missing(EntityKind::RegistrationToken, &name)) } else { Ok(()) }
                })
            })
            .await
    }

    /// The initial access token of a digest, used up or not.
    pub async fn registration_token(&self, digest: Digest) -> Result<Option<RegistrationToken>, Fault> {
        self.boundary
            .read(move |tx| {
                let found = registration_tokens::table.filter(registration_tokens::token_digest.eq(&digest.as_bytes()[..]));
                Ok(found.select(COLUMNS).first(tx).optional()?.map(token))
            })
            .await
    }

    /// Initial access tokens by name, after `after`; at most `limit`.
    pub async fn list_registration_tokens(&self, after: Option<String>, limit: u32) -> Result<Vec<RegistrationToken>, Fault> {
        self.boundary
            .read(move |tx| {
                let rows = registration_tokens::table.filter(registration_tokens::name.gt(after.as_deref().unwrap_or_default()));
                let rows: Vec<Row> = rows.order(registration_tokens::name).limit(i64::from(limit)).select(COLUMNS).load(tx)?;
                Ok(rows.into_iter().map(token).collect())
            })
            .await
    }

    /// Registers a client by its own wish: the client, what is kept beside it, and one use of the initial access token, all or nothing.
    /// [`Fault::Missing`] says that the token is not good any more, [`Fault::Full`] that there are too many such clients.
    pub async fn register_client(&self, client: Client, beside: RegisteredClient, admission: Admission) -> Result<Written, Fault> {
        self.boundary
            .write(move |tx| {
                change(tx, Change::of("registration", "register", EntityKind::Client, &client.id), |tx| {
                    if let Some(digest) = admission.token_digest {
                        spend(tx, digest, admission.now)?;
                    }
                    // Invariant: changes come one after the other, so nobody else counts at the same time.
                    let held: i64 = registered_clients::table.count().get_result(tx)?;
                    if held >= i64::from(admission.clients_max) {
                        return Err(Fault::Full { what: "the list of clients that registered themselves" });
                    }
                    clients::insert(tx, &client)?;
                    diesel::insert_into(registered_clients::table)
                        .values((
                            registered_clients::client_id.eq(beside.client_id.as_str()),
                            registered_clients::token_digest.eq(&beside.token_digest.as_bytes()[..]),
                            registered_clients::registered_with.eq(beside.registered_with.as_deref()),
                            registered_clients::extra.eq(&*beside.extra),
                        ))
                        .execute(tx)?;
                    Ok(())
                })
            })
            .await
    }

    /// Who a registration access token belongs to.
    pub async fn registered_client(&self, token_digest: Digest) -> Result<Option<RegisteredClient>, Fault> {
        self.boundary
            .read(move |tx| {
                let found = registered_clients::table.filter(registered_clients::token_digest.eq(&token_digest.as_bytes()[..]));
                let columns = (registered_clients::client_id, registered_clients::registered_with, registered_clients::extra);
                let row: Option<(String, Option<String>, String)> = found.select(columns).first(tx).optional()?;
                let Some((id, registered_with, extra)) = row else { return Ok(None) };
                let client_id = ClientId::parse(&id).map_err(|_| Fault::corrupt("registered_clients", "client_id", id))?;
                let registered_with = registered_with.map(Into::into);
                Ok(Some(RegisteredClient { client_id, token_digest, registered_with, extra: extra.into() }))
            })
            .await
    }

    /// Replaces a client that registered itself, by its own wish.
    pub async fn update_registered_client(&self, client: Client, extra: Box<str>, expected: i64) -> Result<Written<i64>, Fault> {
        self.boundary
            .write(move |tx| {
                change(tx, Change::of("registration", "update", EntityKind::Client, &client.id), |tx| {
                    expect_version(EntityKind::Client, &client.id, clients::version(tx, &client.id)?, Some(expected))?;
                    diesel::update(registered_clients::table.find(client.id.as_str()))
                        .set(registered_clients::extra.eq(&*extra))
                        .execute(tx)?;
                    clients::replace(tx, &client)
                })
            })
            .await
    }
}

/// Uses an initial access token once.
fn spend(tx: &mut Tx, digest: Digest, now: Timestamp) -> Result<(), Fault> {
    let row = registration_tokens::table.filter(registration_tokens::token_digest.eq(digest.as_bytes().to_vec()));
    let found: Option<Row> = row.select(COLUMNS).for_update().first(tx).optional()?;
    let good = found.map(token).filter(|token| token.is_good(now)).ok_or_else(|| missing(EntityKind::RegistrationToken, ""))?;
    diesel::update(registration_tokens::table.find(&*good.name))
        .set(registration_tokens::uses_left.eq(registration_tokens::uses_left - 1))
        .execute(tx)?;
    Ok(())
}

fn missing(kind: EntityKind, key: &str) -> Fault {
    Fault::Missing { kind: kind.as_str(), key: key.to_owned() }
}

fn token((name, uses_left, expires_at): Row) -> RegistrationToken {
    RegistrationToken {
        name: name.into(),
        uses_left: uses_left.map(|uses| u32::try_from(uses).unwrap_or_default()),
        expires_at: expires_at.map(instant::from_sql),
    }
}
