//! The sandbox in which plugins run. The only crate that knows wasmtime.
//!
//! *Comes in:* uploaded components; a context, a draft and a binding's configuration for each call.
//! *Goes out:* inspected and compiled plugins; a plugin's edits or its refusal, with fuel, log lines and duration.
//! *May fail with:* [`UploadRefusal`] (the author's doing), [`HookFault`] (a plugin misbehaved), [`HostFault`] (ours).
//! *Must never know:* SQL, keys of tokens, secrets, other clients, or which edits a binding permits.
//!
//! ```text
//! bytes ── inspect ──► Inspection ── Host::load (compiles in a child process) ──► Plugin ── Host::call ──► Call
//! ```
//!
//! Every call gets a new store and a new instance, so nothing a plugin did can outlive its answer.

mod abi;
mod artifact;
mod breaker;
mod call;
mod compile;
mod engine;
mod fault;
mod gate;
mod guest;
mod host;
mod imports;
mod input;
mod inspect;
mod json;
mod lift;
mod log;
mod manifest;
mod pace;
mod plugin;
mod registry;
mod run;
mod self_test;
mod settings;
mod slow_lane;
mod stats;
mod ticker;
mod wasi;

pub use call::Call;
pub use compile::{Compiler, compile_child_main};
pub use fault::{HookFault, HostFault, LoadFault, UploadRefusal};
pub use host::Host;
pub use inspect::{Inspection, inspect};
pub use log::{Level, LogLine};
pub use manifest::Manifest;
pub use plugin::Plugin;
pub use registry::Registry;
pub use self_test::{FixtureRefusal, FixtureResult, SelfTest};
pub use settings::{Limits, Settings, Surroundings};
pub use stats::{FaultKind, HookStats};
