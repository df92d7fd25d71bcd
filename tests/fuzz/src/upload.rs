//! Components as they are uploaded. Nothing is compiled.

use std::sync::LazyLock;

use claimsmith_hooks::{Settings, inspect};

use crate::Outcome;

static SETTINGS: LazyLock<Settings> = LazyLock::new(Settings::default);

/// What is accepted is within its bounds, and what is stored of it is seen exactly as the upload was.
pub fn run(bytes: &[u8]) -> Outcome {
    let Ok(first) = inspect(bytes, &SETTINGS) else { return Outcome::Refused };
    assert!(first.component.len() <= SETTINGS.component && !first.hooks.is_empty());
    let stored = inspect(&first.component, &SETTINGS).expect("what is stored can be loaded again");
    assert_eq!(stored.component, first.component, "there was something left to strip");
    assert_eq!((&stored.hooks, &stored.imports, stored.initial_memory), (&first.hooks, &first.imports, first.initial_memory));
    assert!(stored.manifest.is_none());
    Outcome::Accepted
}
