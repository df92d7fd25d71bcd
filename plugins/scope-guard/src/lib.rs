//! Opening hours, and scope ceilings by client tag.
//!
//! *Comes in:* the binding's `windows` and `ceilings`, the hour, the client's tags, the granted scopes.
//! *Goes out:* fewer scopes, or none of the token.
//! *May fail:* `access_denied` outside the windows, `invalid_scope` where no scope is left or excess is refused.
//! *Must never know:* how to add a scope: it only takes away.

mod window;

use claimsmith::{Context, Edits, Refusal, TokenDraft};
use serde::Deserialize;
use window::Window;

/// What a binding says. `config.schema.json` is its description.
#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    windows: Vec<Window>,
    #[serde(default)]
    closed_reason: Option<String>,
    #[serde(default)]
    ceilings: Vec<Ceiling>,
    #[serde(default)]
    excess: Excess,
}

/// The most that clients with a tag may have.
#[derive(Deserialize)]
struct Ceiling {
    tag: String,
    scopes: Vec<String>,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Excess {
    #[default]
    Narrow,
    Refuse,
}

/// The plugin.
pub struct ScopeGuard;

#[claimsmith::plugin(schema = "config.schema.json", fixtures = "fixtures.json")]
impl ScopeGuard {
    fn access_token(context: &Context, draft: &TokenDraft) -> Result<Edits, Refusal> {
        let configuration: Configuration = context.configuration();
        let windows = &configuration.windows;
        if !windows.is_empty() && !windows.iter().any(|window| window.is_open(context.now)) {
            return Err(Refusal::access_denied(configuration.closed_reason.as_deref().unwrap_or("no tokens are issued at this hour")));
        }
        let ceilings: Vec<_> = configuration.ceilings.iter().filter(|ceiling| context.has_tag(&ceiling.tag)).collect();
        let allowed = |scope: &String| ceilings.iter().all(|ceiling| ceiling.scopes.contains(scope));
        let kept = draft.scopes.iter().filter(|scope| allowed(scope)).count();
        let excess = kept < draft.scopes.len();
        if excess && (kept == 0 || configuration.excess == Excess::Refuse) {
            return Err(Refusal::invalid_scope("these scopes are more than this client may have"));
        }
        let mut edits = Edits::new();
        edits.narrow_scopes(&draft.scopes, |scope| allowed(scope));
        Ok(edits)
    }
}
