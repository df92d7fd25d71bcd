//! `/admin/v1/keys`: signing keys, never their private halves.

use claimsmith_jose::SigningAlg;
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::{KeyLife, KeyRow, MasterKeyCheck};
use claimsmith_vault::Place;
use serde_json::{Value, json};

use super::problem::{Kind, Problem};
use super::{Call, Reply, internal, paging};
use crate::key_life::KeyLifeFault;

/// Algorithms that there are keys for which are not retired.
pub(super) async fn algs(call: &Call<'_>) -> Result<Vec<SigningAlg>, Problem> {
    let keys = call.store().list_keys().await?;
    let current = keys.iter().filter(|key| matches!(key.life, KeyLife::Current { .. }));
    Ok(current.map(|key| key.alg).collect())
}

/// What a key does now.
fn state(key: &KeyRow, all: &[KeyRow], now: Timestamp) -> &'static str {
    match key.life {
        KeyLife::Retired { .. } => "retired",
        KeyLife::Current { active_from_at } if active_from_at > now => "pending",
        KeyLife::Current { .. } if signing(all, key.alg, now).is_some_and(|signing| signing.kid == key.kid) => "active",
        KeyLife::Current { .. } => "standby",
    }
}

/// The key that signs: of its algorithm the youngest whose time has come.
fn signing(all: &[KeyRow], alg: SigningAlg, now: Timestamp) -> Option<&KeyRow> {
    let started = |key: &&KeyRow| match key.life {
        KeyLife::Current { active_from_at } => active_from_at <= now,
        KeyLife::Retired { .. } => false,
    };
    all.iter().filter(|key| key.alg == alg).filter(started).max_by_key(|key| (active_from(key), key.kid.clone()))
}

const fn active_from(key: &KeyRow) -> Timestamp {
    match key.life {
        KeyLife::Current { active_from_at } | KeyLife::Retired { active_from_at, .. } => active_from_at,
    }
}

fn render(key: &KeyRow, all: &[KeyRow], now: Timestamp) -> Value {
    let mut document = json!({
        "kid": key.kid, "alg": key.alg.as_str(), "state": state(key, all, now), "active_from": active_from(key).seconds(),
    });
    if let KeyLife::Retired { retired_at, published_until_at, .. } = key.life {
        document["retired_at"] = json!(retired_at.seconds());
        document["published_until"] = json!(published_until_at.seconds());
    }
    document
}

async fn rendered(call: &Call<'_>, kid: &str) -> Result<Value, Problem> {
    let keys = call.store().list_keys().await?;
    let found = keys.iter().find(|key| *key.kid == *kid);
    found.map(|key| render(key, &keys, now(call))).ok_or_else(|| Problem::not_found("key", kid))
}

fn now(call: &Call<'_>) -> Timestamp {
    call.desk.rooms.clock.now().timestamp()
}

pub(super) async fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let page = call.query.page()?;
    let keys = call.store().list_keys().await?;
    let start = page.after.as_ref().map_or(0, |after| keys.iter().position(|key| *key.kid == **after).map_or(keys.len(), |at| at + 1));
    let items = keys[start..].iter().map(|key| (key.kid.to_string(), render(key, &keys, now(call)))).collect();
    Ok(Reply::document(paging::document(items, &page)))
}

/// Makes a key. It is published at once; it signs when caches of the JWK set have had time to see it (OIDC Core §10.1.1), or at
/// once when it is the first of its algorithm or `now` says so.
pub(super) async fn rotate(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut fields = call.optional_fields()?;
    let words: Vec<&str> = SigningAlg::ALL.iter().map(|alg| alg.as_str()).collect();
    let alg = fields.choice("alg", &words, SigningAlg::parse).unwrap_or(call.desk.rooms.settings.defaults.alg);
    let at_once = fields.boolean("now").unwrap_or(false);
    fields.finish(Some(()))?;
    let first = signing(&call.store().list_keys().await?, alg, now(call)).is_none();
    let made = match at_once || first {
        true => call.desk.key_life.create(call.actor(), alg, now(call)).await,
        false => call.desk.key_life.follow(call.actor(), alg, now(call)).await,
    };
    Ok(Reply::document(rendered(call, &made?.value).await?))
}

impl From<KeyLifeFault> for Problem {
    fn from(fault: KeyLifeFault) -> Self {
        match fault {
            KeyLifeFault::Store(fault) => fault.into(),
            KeyLifeFault::Vault(fault) => internal(&fault),
        }
    }
}

/// Errors when an algorithm that the server is to have (`signing.algs`) could not be signed without the key.
fn need_other(keys: &[KeyRow], kid: &str, kept: &[SigningAlg], now: Timestamp) -> Result<(), Problem> {
    let key = keys.iter().find(|key| *key.kid == *kid).ok_or_else(|| Problem::not_found("key", kid))?;
    let others: Vec<KeyRow> = keys.iter().filter(|other| other.kid != key.kid).cloned().collect();
    if !kept.contains(&key.alg) || state(key, keys, now) != "active" || signing(&others, key.alg, now).is_some() {
        return Ok(());
    }
    let alg = key.alg.as_str();
    let detail = format!("nothing else signs {alg}: make another first, `claimsmith key rotate --alg {alg} --now`");
    Err(Problem::new(Kind::Conflict, detail))
}

pub(super) async fn retire(call: &Call<'_>) -> Result<Reply, Problem> {
    let (now, keys) = (now(call), call.store().list_keys().await?);
    need_other(&keys, call.key(), &call.desk.config.signing.algs, now)?;
    call.desk.key_life.retire(call.actor(), call.key(), now).await?;
    Ok(Reply::document(rendered(call, call.key()).await?))
}

pub(super) async fn remove(call: &Call<'_>) -> Result<Reply, Problem> {
    need_other(&call.store().list_keys().await?, call.key(), &call.desk.config.signing.algs, now(call))?;
    call.store().delete_key(call.actor(), call.key()).await?;
    Ok(Reply::nothing())
}

/// Seals everything under the current master key that an older one sealed, and the check value with it.
pub(super) async fn reseal(call: &Call<'_>) -> Result<Reply, Problem> {
    let sealer = call.desk.rooms.sealer.clone();
    let check = MasterKeyCheck {
        key_id: sealer.current_key_id().to_string(),
        check_value: sealer.check_value().map_err(|fault| internal(&fault))?,
    };
    let again = move |value: &claimsmith_store::SealedValue| {
        let place = Place { table: value.place.table, column: value.place.column, row: &value.place.row };
        sealer.reseal(&place, &value.sealed).map_err(|fault| fault.to_string())
    };
    let written = call.store().reseal(call.actor(), check, again).await?;
    Ok(Reply::document(json!({ "resealed": written.value })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kid: &str, life: KeyLife) -> KeyRow {
        KeyRow { kid: kid.into(), alg: SigningAlg::Es256, sealed_private: Vec::new(), life }
    }

    fn current(kid: &str, from: i64) -> KeyRow {
        key(kid, KeyLife::Current { active_from_at: Timestamp::from_seconds(from) })
    }

    #[test]
    fn key_002_a_new_key_waits_and_the_youngest_that_began_signs() {
        let retired = KeyLife::Retired {
            active_from_at: Timestamp::from_seconds(1),
            retired_at: Timestamp::from_seconds(5),
            published_until_at: Timestamp::from_seconds(99),
        };
        let keys = [key("r", retired), current("a", 10), current("b", 20), current("c", 200)];
        let states = |now| keys.iter().map(|key| state(key, &keys, Timestamp::from_seconds(now))).collect::<Vec<_>>();
        assert_eq!(states(100), ["retired", "standby", "active", "pending"]);
        assert_eq!(states(200), ["retired", "standby", "standby", "active"]);
    }

    #[test]
    fn what_is_shown_is_documented_and_never_private() {
        let retired = KeyLife::Retired {
            active_from_at: Timestamp::from_seconds(1),
            retired_at: Timestamp::from_seconds(5),
            published_until_at: Timestamp::from_seconds(99),
        };
        let keys = [key("r", retired)];
        let shown = render(&keys[0], &keys, Timestamp::from_seconds(7));
        let mut known = super::super::schemas::properties("Key");
        known.sort();
        let mut members: Vec<_> = shown.as_object().unwrap().keys().cloned().collect();
        members.sort();
        assert_eq!(members, known);
    }

    #[test]
    fn the_last_signing_key_stays() {
        let now = Timestamp::from_seconds(100);
        let keys = [current("a", 10), current("c", 200)];
        assert_eq!(need_other(&keys, "a", &[SigningAlg::Es256], now).unwrap_err().kind, Kind::Conflict);
        assert!(need_other(&keys, "c", &[SigningAlg::Es256], now).is_ok());
        assert_eq!(need_other(&keys, "x", &[SigningAlg::Es256], now).unwrap_err().kind, Kind::NotFound);
        // An algorithm that the server need not have may go.
        assert!(need_other(&keys, "a", &[SigningAlg::Rs256], now).is_ok());
        let keys = [current("a", 10), current("b", 20)];
        assert!(need_other(&keys, "b", &[SigningAlg::Es256], now).is_ok());
    }
}
