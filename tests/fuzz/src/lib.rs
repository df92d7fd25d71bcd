//! Everything that reads bytes of strangers, each as a function of bytes that panics when what must hold does not.
//!
//! `make fuzz` drives them with libFuzzer (`targets/`), `cargo nextest run` over what is in `seeds/` (`tests/seeds.rs`).

pub mod assertion;
#[cfg(feature = "whole")]
pub mod configuration;
pub mod credentials;
pub mod edits;
pub mod form;
pub mod jwe;
pub mod keys;
pub mod name;
pub mod person;
pub mod proof;
pub mod scope;
pub mod token;
#[cfg(feature = "whole")]
pub mod upload;

/// A target: its name, which is that of its file, its binary and its folder of seeds, and what it does.
pub type Target = (&'static str, fn(&[u8]) -> Outcome);

/// Every target.
pub const TARGETS: &[Target] = &[
    ("assertion", assertion::run),
    #[cfg(feature = "whole")]
    ("configuration", configuration::run),
    ("credentials", credentials::run),
    ("edits", edits::run),
    ("form", form::run),
    ("jwe", jwe::run),
    ("keys", keys::run),
    ("person", person::run),
    ("name", name::run),
    ("proof", proof::run),
    ("scope", scope::run),
    ("token", token::run),
    #[cfg(feature = "whole")]
    ("upload", upload::run),
];

/// What came of an input. The engine does not care; the test over the seeds wants some of each, so that no target ends
/// up refusing everything at its first step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was read, and what must hold of it held.
    Accepted,
    /// It was refused.
    Refused,
}

/// The text before the first line feed, and what follows it.
fn first_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}
