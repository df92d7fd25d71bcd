//! Everything that is sealed under the master key, and the check value that tells whether it is the right one.

use claimsmith_protocol::handle::GrantId;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::changes::{Change, EntityKind, Written, change};
use crate::connection::Tx;
use crate::fault::Fault;
use crate::schema::{backchannel_notices, client_secrets, master_key_check, server_secrets, signing_keys, user_totp};
use crate::store::Store;

/// What the database keeps to recognise the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterKeyCheck {
    /// The public name of the key.
    pub key_id: String,
    /// A value sealed under it.
    pub check_value: Vec<u8>,
}

/// A sealed value and the place that its sealing is bound to.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedValue {
    /// The place.
    pub place: SealedPlace,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

/// Where a sealed value is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPlace {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row's primary key as text.
    pub row: String,
}

impl std::fmt::Debug for SealedValue {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SealedValue").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Store {
    /// The check value; absent before the first master key was used.
    pub async fn master_key_check(&self) -> Result<Option<MasterKeyCheck>, Fault> {
        self.boundary.read(load).await
    }

    /// Remembers the first master key. Answers the check value that is in force: another node may have been first.
    pub async fn adopt_master_key(&self, actor: &str, check: MasterKeyCheck) -> Result<MasterKeyCheck, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| {
                if let Some(held) = load(tx)? {
                    return Ok(held);
                }
                let written = change(tx, Change::of(&actor, "adopt", EntityKind::MasterKey, ""), |tx| {
                    // The row of `generation` is ours now: whoever was first has committed.
                    match load(tx)? {
                        Some(held) => Ok(held),
                        None => save(tx, &check).map(|()| check),
                    }
                })?;
                Ok(written.value)
            })
            .await
    }

    /// Seals everything anew: `reseal` is given every sealed value and answers the new one, or `None` to leave it. The values
    /// and the new check value change together or not at all.
    ///
    /// What is sealed while this runs waits for it: all admin changes do.
    pub async fn reseal<F>(&self, actor: &str, check: MasterKeyCheck, reseal: F) -> Result<Written<u64>, Fault>
    where
        F: Fn(&SealedValue) -> Result<Option<Vec<u8>>, String> + Send + 'static,
    {
        let actor = actor.to_owned();
        self.boundary
            .write_at_length(move |tx| {
                change(tx, Change::of(&actor, "reseal", EntityKind::MasterKey, ""), |tx| {
                    let mut changed = 0;
                    for value in sealed(tx)? {
                        let refused = |reason| Fault::Statement {
                            reason: format!("{} of {} cannot be sealed again: {reason}", value.place.column, value.place.row),
                        };
                        if let Some(sealed) = reseal(&value).map_err(refused)? {
                            replace(tx, &value.place, sealed)?;
                            changed += 1;
                        }
                    }
                    save(tx, &check)?;
                    Ok(changed)
                })
            })
            .await
    }

    /// Every sealed value with its place.
    pub async fn sealed_values(&self) -> Result<Vec<SealedValue>, Fault> {
        self.boundary.snapshot(sealed).await
    }
}

fn load(tx: &mut Tx) -> Result<Option<MasterKeyCheck>, Fault> {
    let row = master_key_check::table.select((master_key_check::key_id, master_key_check::check_value)).first(tx).optional()?;
    Ok(row.map(|(key_id, check_value)| MasterKeyCheck { key_id, check_value }))
}

fn save(tx: &mut Tx, check: &MasterKeyCheck) -> Result<(), Fault> {
    let values = (master_key_check::key_id.eq(&check.key_id), master_key_check::check_value.eq(&check.check_value));
    diesel::insert_into(master_key_check::table)
        .values((master_key_check::only_row.eq(true), values))
        .on_conflict(master_key_check::only_row)
        .do_update()
        .set((values, master_key_check::created_at.eq(diesel::dsl::now)))
        .execute(tx)?;
    Ok(())
}

/// A row of `backchannel_notices`: its key, and its two sealed values.
type Owed = (Vec<u8>, Vec<u8>, Option<Vec<u8>>);

/// Every sealed value there is. A new sealed column is added here and in [`replace`]; a test looks for forgotten ones.
fn sealed(tx: &mut Tx) -> Result<Vec<SealedValue>, Fault> {
    let keys: Vec<(String, Vec<u8>)> =
        signing_keys::table.order(signing_keys::kid).select((signing_keys::kid, signing_keys::sealed_private)).load(tx)?;
    let secrets: Vec<(i64, Option<Vec<u8>>)> = client_secrets::table
        .filter(client_secrets::sealed.is_not_null())
        .order(client_secrets::secret_id)
        .select((client_secrets::secret_id, client_secrets::sealed))
        .load(tx)?;
    let totp: Vec<(String, Vec<u8>)> =
        user_totp::table.order(user_totp::user_id).select((user_totp::user_id, user_totp::sealed_secret)).load(tx)?;
    let shared: Vec<(String, Vec<u8>)> =
        server_secrets::table.order(server_secrets::name).select((server_secrets::name, server_secrets::sealed_secret)).load(tx)?;
    let notices: Vec<Owed> = backchannel_notices::table
        .order(backchannel_notices::grant_id)
        .select((backchannel_notices::grant_id, backchannel_notices::sealed_request, backchannel_notices::sealed_tokens))
        .load(tx)?;
    let mut owed = Vec::with_capacity(notices.len());
    for (row, request, tokens) in notices {
        let bytes = row.as_slice().try_into().map_err(|_| Fault::corrupt("backchannel_notices", "grant_id", String::new()))?;
        let row = GrantId::from_bytes(bytes).to_string();
        owed.extend(tokens.map(|sealed| value("backchannel_notices", "sealed_tokens", row.clone(), sealed)));
        owed.push(value("backchannel_notices", "sealed_request", row, request));
    }
    let shared = shared.into_iter().map(|(row, sealed)| value("server_secrets", "sealed_secret", row, sealed));
    let totp = totp.into_iter().map(|(row, sealed)| value("user_totp", "sealed_secret", row, sealed));
    let keys = keys.into_iter().map(|(row, sealed)| value("signing_keys", "sealed_private", row, sealed));
    let secrets = secrets.into_iter().filter_map(|(row, sealed)| Some(value("client_secrets", "sealed", row.to_string(), sealed?)));
    Ok(keys.chain(secrets).chain(totp).chain(shared).chain(owed).collect())
}

const fn value(table: &'static str, column: &'static str, row: String, sealed: Vec<u8>) -> SealedValue {
    SealedValue { place: SealedPlace { table, column, row }, sealed }
}

fn replace(tx: &mut Tx, place: &SealedPlace, sealed: Vec<u8>) -> Result<(), Fault> {
    if place.table == "signing_keys" {
        diesel::update(signing_keys::table.find(&place.row)).set(signing_keys::sealed_private.eq(sealed)).execute(tx)?;
    } else if place.table == "user_totp" {
        diesel::update(user_totp::table.find(&place.row)).set(user_totp::sealed_secret.eq(sealed)).execute(tx)?;
    } else if place.table == "server_secrets" {
        diesel::update(server_secrets::table.find(&place.row)).set(server_secrets::sealed_secret.eq(sealed)).execute(tx)?;
    } else if place.table == "backchannel_notices" {
        let grant = GrantId::parse(&place.row).ok_or_else(|| Fault::corrupt("backchannel_notices", "grant_id", place.row.clone()))?;
        let row = diesel::update(backchannel_notices::table.find(grant.as_bytes().to_vec()));
        match place.column {
            "sealed_tokens" => row.set(backchannel_notices::sealed_tokens.eq(sealed)).execute(tx)?,
            _ => row.set(backchannel_notices::sealed_request.eq(sealed)).execute(tx)?,
        };
    } else {
        let id: i64 = place.row.parse().map_err(|_| Fault::corrupt("client_secrets", "secret_id", place.row.clone()))?;
        diesel::update(client_secrets::table.find(id)).set(client_secrets::sealed.eq(sealed)).execute(tx)?;
    }
    Ok(())
}
