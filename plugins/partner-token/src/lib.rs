//! Lifetime and claims by audience, and members of the token response.
//!
//! *Comes in:* the binding's `audiences` and `response`, the audience of the draft.
//! *Goes out:* a shorter lifetime, claims; members of the response.
//! *May fail:* a token for a partner and somebody else at once is refused where the partner's entry is `exclusive`.
//! *Must never know:* how to make a token live longer than drafted.

use std::collections::BTreeMap;

use claimsmith::{Context, Edits, Refusal, ResponseDraft, ResponseEdits, TokenDraft};
use serde::Deserialize;
use serde_json::Value;

/// What a binding says. `config.schema.json` is its description.
#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    audiences: BTreeMap<String, Partner>,
    #[serde(default)]
    response: BTreeMap<String, Value>,
}

/// What is special about tokens for one audience.
#[derive(Deserialize)]
struct Partner {
    lifetime: Option<u32>,
    #[serde(default)]
    claims: BTreeMap<String, Value>,
    #[serde(default)]
    exclusive: bool,
}

/// The plugin.
pub struct PartnerToken;

#[claimsmith::plugin(
    schema = "config.schema.json",
    fixtures = "fixtures.json",
    permissions = ["claim:partner"]
)]
impl PartnerToken {
    fn access_token(context: &Context, draft: &TokenDraft) -> Result<Edits, Refusal> {
        let Configuration { audiences, .. } = context.configuration();
        let partners: Vec<_> = draft.audience.iter().filter_map(|audience| audiences.get(audience)).collect();
        if draft.audience.len() > 1 && partners.iter().any(|partner| partner.exclusive) {
            return Err(Refusal::invalid_target("ask for a token for this resource alone"));
        }
        let mut edits = Edits::new();
        let shortest = partners.iter().filter_map(|partner| partner.lifetime).min();
        if let Some(seconds) = shortest.filter(|&seconds| seconds < draft.lifetime) {
            edits.set_lifetime(seconds);
        }
        for (claim, value) in partners.iter().flat_map(|partner| &partner.claims) {
            edits.set_claim(claim, value.clone());
        }
        Ok(edits)
    }

    fn token_response(context: &Context, _: &ResponseDraft) -> Result<ResponseEdits, Refusal> {
        let Configuration { response, .. } = context.configuration();
        let mut edits = Edits::new();
        for (member, value) in response {
            edits.set_response_member(member, value);
        }
        Ok(edits)
    }
}
