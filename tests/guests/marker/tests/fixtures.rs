//! Plays the fixture that the guest carries, without a sandbox.

use claimsmith::testing;
use marker::Marker;

#[test]
fn the_fixture_holds() {
    testing::run_fixtures::<Marker>();
}
