//! Plays the fixtures that the guest carries, one for each hook point at least, without a sandbox.

use claimsmith::testing;
use every_hook::EveryHook;

#[test]
fn the_fixtures_hold() {
    testing::run_fixtures::<EveryHook>();
}

#[test]
fn no_hook_point_is_without_a_fixture() {
    let manifest = testing::manifest::<EveryHook>();
    let played: Vec<_> = manifest["fixtures"].as_array().expect("fixtures").iter().map(|fixture| &fixture["hook"]).collect();
    for hook in manifest["hooks"].as_array().expect("hooks") {
        assert!(played.contains(&hook), "{hook}");
    }
    assert_eq!(manifest["hooks"].as_array().map(Vec::len), Some(19));
}
