//! Plays the fixtures that the plugin carries, without a sandbox.

use claimsmith::testing;
use tenant_claims::TenantClaims;

#[test]
fn the_fixtures_hold() {
    testing::run_fixtures::<TenantClaims>();
}

#[test]
fn the_manifest_names_what_is_there() {
    let manifest = testing::manifest::<TenantClaims>();
    assert_eq!(manifest["name"], "tenant-claims");
    assert_eq!(manifest["hooks"], serde_json::json!(["access-token"]));
    assert_eq!(manifest["configuration_schema"]["title"], "tenant-claims");
}
