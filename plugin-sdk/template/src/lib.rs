//! A Claimsmith plugin: sets the claim `org` from the binding's configuration.

use claimsmith::{Context, Edits, Refusal, TokenDraft, log};
use serde::Deserialize;

/// What a binding says. `config.schema.json` is its description; keep the two in step.
#[derive(Deserialize)]
struct Configuration {
    org: String,
    #[serde(default)]
    blocked_tag: Option<String>,
}

/// The plugin.
pub struct {{type}};

// Each method is a hook point: `access_token`, `id_token`, `authentication` and eight more. Write those you need.
#[claimsmith::plugin(
    schema = "config.schema.json",
    fixtures = "fixtures.json",
    permissions = ["claim:org"]
)]
impl {{type}} {
    /// Called before an access token is signed.
    pub fn access_token(context: &Context, _draft: &TokenDraft) -> Result<Edits, Refusal> {
        let configuration: Configuration = context.configuration();
        if configuration.blocked_tag.is_some_and(|tag| context.has_tag(&tag)) {
            log::info!("{} is blocked by its tag", context.client_id);
            return Err(Refusal::access_denied("this client is blocked"));
        }
        let mut edits = Edits::new();
        edits.set_claim("org", configuration.org);
        Ok(edits)
    }
}
