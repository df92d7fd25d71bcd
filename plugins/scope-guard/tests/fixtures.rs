//! Plays the fixtures that the plugin carries, without a sandbox.

use claimsmith::testing;
use scope_guard::ScopeGuard;

#[test]
fn the_fixtures_hold() {
    testing::run_fixtures::<ScopeGuard>();
}

#[test]
fn the_manifest_names_what_is_there() {
    let manifest = testing::manifest::<ScopeGuard>();
    assert_eq!(manifest["name"], "scope-guard");
    assert_eq!(manifest["hooks"], serde_json::json!(["access-token"]));
    assert_eq!(manifest["configuration_schema"]["title"], "scope-guard");
}
