//! Client secrets: made or brought in, shown once, replaced.

use claimsmith_issuer::client::{Authentication, Client, SecretVerifier, StoredSecret};
use claimsmith_jose::{Digest, Secret, base64url};
use claimsmith_protocol::time::{Lifetime, Timestamp};
use serde_json::{Value, json};

use super::authentication::{SecretWish, check_imported, secrets_of};
use super::{Call, Problem, Reply, internal, load, need_secret, with_secrets};
use crate::admin::fields::Fields;
use crate::admin::paging;
use crate::rooms::Rooms;

/// Bytes of a generated secret that is only compared: 256 bits.
const COMPARED_BYTES: usize = 32;
/// Bytes of one that is a MAC key: 64 characters of base64url, enough for HS512 (RFC 7518 §3.2).
const MAC_KEY_BYTES: usize = 48;
/// How long older secrets may stay good, seconds.
const KEEP_OLD_MAX: i64 = 90 * 86_400;

/// A new secret: random bits as base64url.
pub(super) fn generate(for_mac: bool) -> Result<Secret<String>, getrandom::Error> {
    let mut bytes = [0; MAC_KEY_BYTES];
    let used = if for_mac { MAC_KEY_BYTES } else { COMPARED_BYTES };
    getrandom::fill(&mut bytes[..used])?;
    Ok(Secret::new(base64url::encode(&bytes[..used])))
}

/// Gives a client the secret that it is to have; answers one that was made, to be shown this once.
pub(crate) async fn fulfil(
    rooms: &Rooms,
    client: &mut Client,
    wish: SecretWish,
    expires_at: Option<Timestamp>,
) -> Result<Option<Secret<String>>, SecretFault> {
    let for_mac = matches!(client.authentication, Authentication::SecretJwt { .. });
    let (secret, shown) = match wish {
        SecretWish::Keep => return Ok(None),
        SecretWish::Generate => (generate(for_mac)?, true),
        SecretWish::Import(secret) => (secret, false),
    };
    let id = rooms.store.next_secret_id().await?;
    let sealed = match for_mac {
        true => Some(seal(rooms, id, &secret)?),
        false => None,
    };
    let verifier = match shown {
        // Security: 256 random bits need no slow hash, and no token request waits for one.
        true => SecretVerifier::Sha256(Digest::of(secret.expose().as_bytes())),
        false => {
            let copy = Secret::new(secret.expose().clone());
            let hashed = rooms.secret_desk.hash(copy).await?;
            SecretVerifier::Argon2id(hashed.into())
        }
    };
    let mut secrets = secrets_of(&client.authentication);
    secrets.push(StoredSecret { id, verifier, sealed, expires_at });
    with_secrets(client, secrets);
    Ok(shown.then_some(secret))
}

fn seal(rooms: &Rooms, id: i64, secret: &Secret<String>) -> Result<Box<[u8]>, SecretFault> {
    let row = id.to_string();
    let sealed = rooms.sealer.seal(&crate::seals::client_secret(&row), secret.expose().as_bytes())?;
    Ok(sealed.into_boxed_slice())
}

/// Why a client did not get its secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretFault {
    /// There is no randomness.
    #[error("no random bytes")]
    Chance(#[from] getrandom::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] claimsmith_store::Fault),
    /// It could not be sealed.
    #[error(transparent)]
    Sealing(#[from] claimsmith_vault::SealFault),
    /// It could not be hashed.
    #[error(transparent)]
    Desk(#[from] crate::secret_desk::SecretDeskFault),
}

impl From<SecretFault> for Problem {
    fn from(fault: SecretFault) -> Self {
        match fault {
            SecretFault::Store(fault) => fault.into(),
            other => internal(&other),
        }
    }
}

/// The secrets of a client, without the secrets.
pub(in crate::admin) async fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let page = call.query.page()?;
    let client = load(call).await?.record.client;
    let items = secrets_of(&client.authentication).iter().map(|secret| (secret.id.to_string(), render(secret))).collect();
    Ok(Reply::document(paging::document(items, &page)))
}

fn render(secret: &StoredSecret) -> Value {
    let kind = match secret.verifier {
        SecretVerifier::Sha256(_) => "sha256",
        SecretVerifier::Argon2id(_) => "argon2id",
    };
    let expires_at = secret.expires_at.map_or(0, Timestamp::seconds);
    json!({ "id": secret.id, "kind": kind, "sealed": secret.sealed.is_some(), "client_secret_expires_at": expires_at })
}

/// What a rotation asks for.
struct Rotation {
    import: Option<Secret<String>>,
    expires_at: Option<Timestamp>,
    keep_old_for: u32,
}

fn read(fields: &mut Fields, call: &Call<'_>, client: &Client) -> Option<Rotation> {
    let import = fields.text("client_secret").map(Secret::new);
    if let Some(secret) = &import {
        let mac = match &client.authentication {
            Authentication::SecretJwt { alg, .. } => Some((*alg, call.desk.rooms.settings.client_auth.mac_algs.as_slice())),
            _ => None,
        };
        if let Some(detail) = check_imported(secret.expose(), mac) {
            fields.wrong("client_secret", detail);
        }
    }
    let expires_at = fields.integer("client_secret_expires_at", 0..=253_402_300_799);
    let keep_old_for = fields.integer("keep_old_for", 0..=KEEP_OLD_MAX).unwrap_or(0);
    Some(Rotation {
        import,
        expires_at: expires_at.filter(|seconds| *seconds != 0).map(Timestamp::from_seconds),
        keep_old_for: u32::try_from(keep_old_for).unwrap_or(0),
    })
}

/// Gives a client a new secret; older ones end now, or after `keep_old_for` seconds.
pub(in crate::admin) async fn rotate(call: &Call<'_>) -> Result<Reply, Problem> {
    let held = load(call).await?.record;
    let mut client = held.client;
    need_secret(&client)?;
    let mut fields = call.optional_fields()?;
    let rotation = read(&mut fields, call, &client);
    let rotation = fields.finish(rotation)?;
    let now = call.desk.rooms.clock.now().timestamp();
    let old = outlive(secrets_of(&client.authentication), now, rotation.keep_old_for);
    with_secrets(&mut client, old);
    let wish = rotation.import.map_or(SecretWish::Generate, SecretWish::Import);
    let id = client.id.clone();
    let shown = fulfil(&call.desk.rooms, &mut client, wish, rotation.expires_at).await?;
    call.store().update_client(call.actor(), "rotate-secret", client, Some(held.version)).await?;
    call.forget_secrets(&id);
    let mut document = json!({ "client_id": id.as_str(), "client_secret_expires_at": rotation.expires_at.map_or(0, Timestamp::seconds) });
    if let Some(shown) = shown {
        document["client_secret"] = json!(shown.expose());
    }
    Ok(Reply::document(document))
}

/// The secrets that stay good for a while beside a new one, each ending by then.
fn outlive(secrets: Vec<StoredSecret>, now: Timestamp, seconds: u32) -> Vec<StoredSecret> {
    if seconds == 0 {
        return Vec::new();
    }
    let end = now.plus(Lifetime::from_seconds(seconds));
    let live = secrets.into_iter().filter(|secret| secret.expires_at.is_none_or(|at| now < at));
    live.map(|secret| StoredSecret { expires_at: Some(secret.expires_at.map_or(end, |at| at.min(end))), ..secret }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use claimsmith_jose::MacAlg;

    #[test]
    fn cau_012_generated_secrets_have_256_bits_and_mac_keys_suffice_for_hs512() {
        let compared = generate(false).unwrap();
        assert_eq!(base64url::decode(compared.expose()).unwrap().len(), 32);
        let key = generate(true).unwrap();
        assert!(key.expose().len() >= MacAlg::Hs512.minimum_key_len());
        assert_ne!(generate(true).unwrap().expose(), key.expose());
    }

    #[test]
    fn older_secrets_end_with_the_rotation_or_soon_after() {
        let secret = |id, expires_at: Option<i64>| StoredSecret {
            id,
            verifier: SecretVerifier::Sha256(Digest::of(b"x")),
            sealed: None,
            expires_at: expires_at.map(Timestamp::from_seconds),
        };
        let now = Timestamp::from_seconds(1_000);
        let held = || vec![secret(1, None), secret(2, Some(900)), secret(3, Some(1_010)), secret(4, Some(9_000))];
        assert!(outlive(held(), now, 0).is_empty());
        let kept: Vec<_> = outlive(held(), now, 60).iter().map(|secret| (secret.id, secret.expires_at.unwrap().seconds())).collect();
        assert_eq!(kept, [(1, 1_060), (3, 1_010), (4, 1_060)]);
    }
}
