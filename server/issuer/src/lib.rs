//! What we decide, and nothing else.
//!
//! *Comes in:* parsed requests, plain facts from the store, the time.
//! *Goes out:* verdicts, shaped claims, answers to introspection.
//! *May fail with:* refusals, each with an OAuth code and a reason.
//! *Must never know:* clocks, chance, sockets, SQL, keys.

pub mod hook;
pub mod value;
