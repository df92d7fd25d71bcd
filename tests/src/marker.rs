//! Truly different components, as many as a test needs: the guest `marker` with other constants in it.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::root;

/// One build of `marker`: which constants it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variant(pub u32);

impl Variant {
    /// The value of its claim `marker_first`.
    pub fn first(self) -> String {
        format!("first-{:06}", self.0)
    }

    /// The value of its claim `marker_other`.
    pub fn other(self) -> String {
        format!("other-{:06}", self.0)
    }

    /// Whether both claims of a token are of this build.
    pub fn made(self, claims: &Map<String, Value>) -> bool {
        claims.get("marker_first") == Some(&self.first().into()) && claims.get("marker_other") == Some(&self.other().into())
    }
}

/// The component of a variant. Its own self-test expects the new constants: they stand in its fixtures too.
pub fn marker(variant: Variant) -> Vec<u8> {
    let path: PathBuf = root().join("target/guests/marker.wasm");
    let mut component = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}: make guests", path.display()));
    assert!(variant.0 < 1_000_000, "six digits");
    for (old, new) in [("first-000000", variant.first()), ("other-000000", variant.other())] {
        let starts: Vec<_> =
            component.windows(old.len()).enumerate().filter(|(_, bytes)| *bytes == old.as_bytes()).map(|(at, _)| at).collect();
        assert!(starts.len() >= 2, "{old} stands in the fixtures and in the data");
        for start in starts {
            component[start..start + new.len()].copy_from_slice(new.as_bytes());
        }
    }
    component
}
