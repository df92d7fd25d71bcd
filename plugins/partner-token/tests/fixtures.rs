//! Plays the fixtures that the plugin carries, without a sandbox.

use claimsmith::testing;
use partner_token::PartnerToken;

#[test]
fn the_fixtures_hold() {
    testing::run_fixtures::<PartnerToken>();
}

#[test]
fn the_manifest_names_what_is_there() {
    let manifest = testing::manifest::<PartnerToken>();
    assert_eq!(manifest["name"], "partner-token");
    assert_eq!(manifest["hooks"], serde_json::json!(["access-token", "token-response"]));
    assert_eq!(manifest["configuration_schema"]["title"], "partner-token");
}
