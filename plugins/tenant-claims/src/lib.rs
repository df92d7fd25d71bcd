//! Claims from the binding's configuration and from the client's metadata.
//!
//! *Comes in:* the binding's `claims` and `from_metadata`, the client's custom metadata.
//! *Goes out:* one `set_claim` for each; whether the binding may set it is for the server to say.
//! *May fail:* a member of the metadata that the binding calls required and that is not there refuses the token.
//! *Must never know:* the draft; the same client always gets the same claims.

use std::collections::BTreeMap;

use claimsmith::{Context, Edits, Refusal, TokenDraft, Value, log};
use serde::Deserialize;

/// What a binding says. `config.schema.json` is its description.
#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    claims: BTreeMap<String, Value>,
    #[serde(default)]
    from_metadata: BTreeMap<String, String>,
    #[serde(default)]
    required: bool,
}

/// The plugin.
pub struct TenantClaims;

#[claimsmith::plugin(
    schema = "config.schema.json",
    fixtures = "fixtures.json",
    permissions = ["claim:org", "claim:tier"]
)]
impl TenantClaims {
    fn access_token(context: &Context, _: &TokenDraft) -> Result<Edits, Refusal> {
        let Configuration { claims, from_metadata, required } = context.configuration();
        let mut edits = Edits::new();
        for (claim, value) in claims {
            edits.set_claim(claim, value);
        }
        if from_metadata.is_empty() {
            return Ok(edits);
        }
        let metadata: BTreeMap<String, Value> = context.client_metadata().unwrap_or_default();
        for (claim, member) in from_metadata {
            match metadata.get(&member).filter(|value| **value != Value::null()).cloned() {
                Some(value) => {
                    edits.set_claim(claim, value);
                }
                None if required => {
                    log::warn!("the client's metadata has no `{member}`, which claim `{claim}` is made of");
                    return Err(Refusal::access_denied("this client is not set up for this token"));
                }
                None => log::debug!("the client's metadata has no `{member}`; claim `{claim}` is left out"),
            }
        }
        Ok(edits)
    }
}
