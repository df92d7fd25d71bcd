//! What a token costs: the parts, each alone; a client that loads a server; what both share.
//!
//! *Comes in:* a release build of the server, the example plugins.
//! *Goes out:* CPU microseconds per request and latencies, in one table.
//! *May fail:* when something that is measured does not work; a number is never a failure.
//! *Must never know:* how the server is made: it is met through its doors, and its rooms through what they export.

pub mod bench;
pub mod cpu;
pub mod ladder;
pub mod load;
pub mod parts;
pub mod sample;
