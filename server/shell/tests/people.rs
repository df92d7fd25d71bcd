//! The room of people against a real database: passwords, codes, passkeys, and strangers.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "people/authenticator.rs"]
mod authenticator;
#[path = "people/factors.rs"]
mod factors;
#[path = "people/passwords.rs"]
mod passwords;
#[path = "people/rig.rs"]
mod rig;
#[path = "people/strangers.rs"]
mod strangers;
