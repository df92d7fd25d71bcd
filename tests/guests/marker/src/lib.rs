//! A guest of the tests that says in its claims what it is and what it was given.
//!
//! *Comes in:* the binding's configuration, the client's metadata, and two constants that the tests replace in the component.
//! *Goes out:* four claims, one for each.
//! *May fail:* by never returning, where the configuration says so.
//! *Must never know:* which client it is told it serves; that is for the tests to compare.

use std::hint::black_box;

use claimsmith::{Context, Edits, Refusal, TokenDraft};
use serde::Deserialize;

/// What the tests replace, each by as many bytes, to make another component. Two, so that a token of two versions shows.
static FIRST: [u8; 12] = *b"first-000000";
static OTHER: [u8; 12] = *b"other-000000";

#[derive(Deserialize)]
struct Configuration {
    value: String,
    #[serde(default)]
    loops: bool,
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    marker: String,
}

/// The plugin.
pub struct Marker;

/// Reads a constant from memory: folded into instructions it would not be there to replace.
fn text(constant: &'static [u8; 12]) -> String {
    String::from_utf8_lossy(black_box(constant)).into_owned()
}

#[claimsmith::plugin(
    schema = "config.schema.json",
    fixtures = "fixtures.json",
    permissions = ["claim:marker_*"]
)]
impl Marker {
    fn access_token(context: &Context, _: &TokenDraft) -> Result<Edits, Refusal> {
        let configuration: Configuration = context.configuration();
        while black_box(configuration.loops) {}
        let metadata: Metadata = context.client_metadata().unwrap_or_default();
        let mut edits = Edits::new();
        edits.set_claim("marker_first", text(&FIRST));
        edits.set_claim("marker_configured", configuration.value);
        edits.set_claim("marker_metadata", metadata.marker);
        edits.set_claim("marker_other", text(&OTHER));
        Ok(edits)
    }
}
