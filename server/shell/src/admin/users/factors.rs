//! A person's second factors: listed, and removed for who has lost them. Only the person sets them up.

use claimsmith_jose::base64url;
use claimsmith_store::PasskeyRecord;
use serde_json::{Value, json};

use super::load;
use crate::admin::fields::shorten;
use crate::admin::problem::Problem;
use crate::admin::{Call, Reply};

/// The names of those that one person has one of.
const TOTP: &str = "totp";
const RECOVERY_CODES: &str = "recovery_codes";

fn passkey(record: &PasskeyRecord) -> Value {
    let mut document = json!({
        "factor_id": base64url::encode(&record.credential_id),
        "type": "passkey",
        "name": record.name,
        "created_at": record.created_at.seconds(),
    });
    if let Some(at) = record.last_used_at {
        document["last_used_at"] = json!(at.seconds());
    }
    document
}

pub(in crate::admin) async fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let held = load(call).await?;
    let id = &held.person.id;
    let mut items = Vec::new();
    if let Some(totp) = call.store().load_totp(id).await? {
        let mut document = json!({ "factor_id": TOTP, "type": TOTP, "created_at": totp.created_at.seconds() });
        if let Some(at) = totp.last_used_at {
            document["last_used_at"] = json!(at.seconds());
        }
        items.push(document);
    }
    if held.enrolled.recovery_codes > 0 {
        items.push(json!({ "factor_id": RECOVERY_CODES, "type": RECOVERY_CODES, "remaining": held.enrolled.recovery_codes }));
    }
    items.extend(call.store().list_passkeys(id).await?.iter().map(passkey));
    Ok(Reply::document(json!({ "items": items })))
}

pub(in crate::admin) async fn remove(call: &Call<'_>) -> Result<Reply, Problem> {
    let held = load(call).await?;
    let (id, store) = (&held.person.id, call.store());
    let factor = call.values.get(1).map_or("", String::as_str);
    let missing = || Problem::not_found("factor", &shorten(factor));
    match factor {
        TOTP if held.enrolled.totp => store.delete_totp(call.actor(), id).await?,
        RECOVERY_CODES if held.enrolled.recovery_codes > 0 => store.replace_recovery_codes(call.actor(), id, Vec::new()).await?,
        TOTP | RECOVERY_CODES => return Err(missing()),
        other => {
            let credential_id = base64url::decode(other).map_err(|_| missing())?;
            store.delete_passkey(call.actor(), id, &credential_id).await?
        }
    };
    Ok(Reply::nothing())
}
