//! `user_totp`, `recovery_codes` and `passkeys`.
//!
//! What somebody sets up or removes is an admin change, whoever does it; what they use is none.

use claimsmith_issuer::person::UserId;
use claimsmith_jose::Digest;
use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::changes::{Change, EntityKind, Written, change, expect_version};
use crate::connection::Tx;
use crate::fault::Fault;
use crate::instant;
use crate::schema::{passkeys, recovery_codes, user_totp};
use crate::store::Store;
use crate::users;

/// The authenticator app of a person.
#[derive(Clone)]
pub struct TotpRecord {
    /// The secret, sealed for `user_totp.sealed_secret` of the user's id.
    pub sealed_secret: Vec<u8>,
    /// The time step of the last code that was right.
    pub last_step: i64,
    /// When it was set up.
    pub created_at: Timestamp,
    /// When a code of it was last right.
    pub last_used_at: Option<Timestamp>,
}

impl std::fmt::Debug for TotpRecord {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("TotpRecord").field("last_step", &self.last_step).finish_non_exhaustive()
    }
}

/// A passkey of a person.
#[derive(Debug, Clone)]
pub struct PasskeyRecord {
    /// The id of the credential, at most 1023 bytes (WebAuthn §4).
    pub credential_id: Vec<u8>,
    /// Whose it is.
    pub user_id: UserId,
    /// What they call it.
    pub name: Box<str>,
    /// The credential as the library keeps it, a JSON object; it holds no secret.
    pub credential: Box<str>,
    /// When it was set up.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

type TotpRow = (Vec<u8>, i64, PgTimestamp, Option<PgTimestamp>);
type PasskeyRow = (Vec<u8>, String, String, String, PgTimestamp, Option<PgTimestamp>);

impl Store {
    /// The authenticator app of a person.
    pub async fn load_totp(&self, id: &UserId) -> Result<Option<TotpRecord>, Fault> {
        let id = id.clone();
        self.boundary
            .read(move |tx| {
                let columns = (user_totp::sealed_secret, user_totp::last_step, user_totp::created_at, user_totp::last_used_at);
                let row: Option<TotpRow> = user_totp::table.find(id.as_str()).select(columns).first(tx).optional()?;
                Ok(row.map(|(sealed_secret, last_step, created_at, last_used_at)| TotpRecord {
                    sealed_secret,
                    last_step,
                    created_at: instant::from_sql(created_at),
                    last_used_at: last_used_at.map(instant::from_sql),
                }))
            })
            .await
    }

    /// Sets up an authenticator app in the place of any other; `last_step` is that of the code that proved it.
    pub async fn save_totp(&self, actor: &str, id: &UserId, sealed_secret: Vec<u8>, last_step: i64) -> Result<Written, Fault> {
        self.change_factors(actor, "set_totp", id, move |tx, id| {
            diesel::delete(user_totp::table.find(id.as_str())).execute(tx)?;
            let row = (user_totp::user_id.eq(id.as_str()), user_totp::sealed_secret.eq(sealed_secret), user_totp::last_step.eq(last_step));
            diesel::insert_into(user_totp::table).values(row).execute(tx)?;
            Ok(())
        })
        .await
    }

    /// Takes a time step as used: true for the first only, on whatever node, and for none that is earlier (RFC 6238 §5.2).
    pub async fn spend_totp_step(&self, id: &UserId, step: i64) -> Result<bool, Fault> {
        let id = id.clone();
        self.boundary
            .write(move |tx| {
                let spent = diesel::update(user_totp::table.find(id.as_str()).filter(user_totp::last_step.lt(step)))
                    .set((user_totp::last_step.eq(step), user_totp::last_used_at.eq(diesel::dsl::now)))
                    .execute(tx)?;
                Ok(spent == 1)
            })
            .await
    }

    /// Removes the authenticator app of a person.
    pub async fn delete_totp(&self, actor: &str, id: &UserId) -> Result<Written, Fault> {
        self.change_factors(actor, "remove_totp", id, |tx, id| {
            let deleted = diesel::delete(user_totp::table.find(id.as_str())).execute(tx)?;
            some(deleted, "authenticator app", id.as_str())
        })
        .await
    }

    /// Gives a person new recovery codes; the former ones end. None takes them away.
    pub async fn replace_recovery_codes(&self, actor: &str, id: &UserId, digests: Vec<Digest>) -> Result<Written, Fault> {
        self.change_factors(actor, "set_recovery_codes", id, move |tx, id| {
            diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(id.as_str()))).execute(tx)?;
            let rows: Vec<_> = digests
                .iter()
                .map(|digest| (recovery_codes::user_id.eq(id.as_str()), recovery_codes::code_digest.eq(&digest.as_bytes()[..])))
                .collect();
            diesel::insert_into(recovery_codes::table).values(rows).execute(tx)?;
            Ok(())
        })
        .await
    }

    /// Uses up a recovery code: true once for each there is.
    pub async fn spend_recovery_code(&self, id: &UserId, digest: Digest) -> Result<bool, Fault> {
        let id = id.clone();
        self.boundary
            .write(move |tx| {
                let code = recovery_codes::table.find((id.as_str(), &digest.as_bytes()[..]));
                Ok(diesel::delete(code).execute(tx)? == 1)
            })
            .await
    }

    /// The passkeys of a person, the oldest first.
    pub async fn list_passkeys(&self, id: &UserId) -> Result<Vec<PasskeyRecord>, Fault> {
        let id = id.clone();
        self.boundary
            .read(move |tx| {
                let rows: Vec<PasskeyRow> = passkeys::table
                    .filter(passkeys::user_id.eq(id.as_str()))
                    .order((passkeys::created_at, passkeys::credential_id))
                    .select(PASSKEY)
                    .load(tx)?;
                rows.into_iter().map(PasskeyRecord::try_from).collect()
            })
            .await
    }

    /// Adds a passkey. A credential that anybody has already is refused.
    pub async fn save_passkey(&self, actor: &str, passkey: PasskeyRecord) -> Result<Written, Fault> {
        let id = passkey.user_id.clone();
        self.change_factors(actor, "add_passkey", &id, move |tx, id| {
            let row = (
                passkeys::credential_id.eq(&passkey.credential_id),
                passkeys::user_id.eq(id.as_str()),
                passkeys::name.eq(&*passkey.name),
                passkeys::credential.eq(&*passkey.credential),
            );
            diesel::insert_into(passkeys::table).values(row).execute(tx)?;
            Ok(())
        })
        .await
    }

    /// Notes that a passkey was used, with the credential as the library has it now; false when it was removed meanwhile.
    pub async fn touch_passkey(&self, credential_id: &[u8], credential: &str) -> Result<bool, Fault> {
        let (credential_id, credential) = (credential_id.to_owned(), credential.to_owned());
        self.boundary
            .write(move |tx| {
                let touched = diesel::update(passkeys::table.find(&credential_id))
                    .set((passkeys::credential.eq(&credential), passkeys::last_used_at.eq(diesel::dsl::now)))
                    .execute(tx)?;
                Ok(touched == 1)
            })
            .await
    }

    /// Gives a passkey of a person another name.
    pub async fn rename_passkey(&self, actor: &str, id: &UserId, credential_id: &[u8], name: &str) -> Result<Written, Fault> {
        let (credential_id, name) = (credential_id.to_owned(), name.to_owned());
        self.change_factors(actor, "rename_passkey", id, move |tx, id| {
            // Security: of this person only.
            let mine = passkeys::table.find(&credential_id).filter(passkeys::user_id.eq(id.as_str()));
            let renamed = diesel::update(mine).set(passkeys::name.eq(&name)).execute(tx)?;
            some(renamed, "passkey", id.as_str())
        })
        .await
    }

    /// Removes a passkey of a person.
    pub async fn delete_passkey(&self, actor: &str, id: &UserId, credential_id: &[u8]) -> Result<Written, Fault> {
        let credential_id = credential_id.to_owned();
        self.change_factors(actor, "remove_passkey", id, move |tx, id| {
            // Security: of this person only.
            let mine = passkeys::table.find(&credential_id).filter(passkeys::user_id.eq(id.as_str()));
            let deleted = diesel::delete(mine).execute(tx)?;
            some(deleted, "passkey", id.as_str())
        })
        .await
    }

    /// Changes something of a person who must be there.
    pub(crate) async fn change_factors<F>(&self, actor: &str, action: &'static str, id: &UserId, work: F) -> Result<Written, Fault>
    where
        F: FnOnce(&mut Tx, &UserId) -> Result<(), Fault> + Send + 'static,
    {
        let (actor, id) = (actor.to_owned(), id.clone());
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, action, EntityKind::User, &id), |tx| {
                    expect_version(EntityKind::User, &id, users::version(tx, &id)?, None)?;
                    work(tx, &id)
                })
            })
            .await
    }
}

type PasskeyColumns =
    (passkeys::credential_id, passkeys::user_id, passkeys::name, passkeys::credential, passkeys::created_at, passkeys::last_used_at);

const PASSKEY: PasskeyColumns =
    (passkeys::credential_id, passkeys::user_id, passkeys::name, passkeys::credential, passkeys::created_at, passkeys::last_used_at);

fn some(deleted: usize, kind: &'static str, key: &str) -> Result<(), Fault> {
    if deleted == 0 { Err(Fault::Missing { kind, key: key.to_owned() }) } else { Ok(()) }
}

impl TryFrom<PasskeyRow> for PasskeyRecord {
    type Error = Fault;

    fn try_from((credential_id, user_id, name, credential, created_at, last_used_at): PasskeyRow) -> Result<Self, Fault> {
        Ok(Self {
            user_id: UserId::parse(&user_id).map_err(|_| Fault::corrupt("passkeys", "user_id", user_id))?,
            credential_id,
            name: name.into(),
            credential: credential.into(),
            created_at: instant::from_sql(created_at),
            last_used_at: last_used_at.map(instant::from_sql),
        })
    }
}
