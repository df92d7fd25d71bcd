//! Plays the fixtures that the plugin carries, without a sandbox.

use claims_mapper::ClaimsMapper;
use claimsmith::testing;

#[test]
fn the_fixtures_hold() {
    testing::run_fixtures::<ClaimsMapper>();
}

#[test]
fn the_manifest_names_what_is_there() {
    let manifest = testing::manifest::<ClaimsMapper>();
    assert_eq!(manifest["name"], "claims-mapper");
    assert_eq!(manifest["hooks"], serde_json::json!(["access-token"]));
    assert_eq!(manifest["configuration_schema"]["title"], "claims-mapper");
}
