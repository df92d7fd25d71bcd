//! Tests without a sandbox: the fixtures, and calls of our own.

use claimsmith::testing::{self, ContextBuilder, DraftBuilder};
use serde_json::json;
use {{module}}::{{type}};

#[test]
fn the_fixtures_hold() {
    testing::run_fixtures::<{{type}}>();
}

#[test]
fn the_claim_is_what_the_binding_says() {
    let context = ContextBuilder::new().configuration(&json!({ "org": "globex" })).build();
    let edits = {{type}}::access_token(&context, &DraftBuilder::new().build()).expect("no refusal");
    assert_eq!(edits.claim("org").and_then(|value| value.as_text()), Some("globex"));
}
