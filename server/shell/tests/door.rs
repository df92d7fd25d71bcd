//! The door and the hall from outside: real sockets, real handshakes, hostile peers.
//!
//! Deadlines are made short by settings; a test asserts that something ended, never when. Reads give up after
//! half a minute, so that what should end and does not is a failure and no hang.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "door/deadlines.rs"]
mod deadlines;
#[path = "door/drain.rs"]
mod drain;
#[path = "door/frames.rs"]
mod frames;
#[path = "door/full.rs"]
mod full;
#[path = "door/hall.rs"]
mod hall;
#[path = "door/http2.rs"]
mod http2;
#[path = "door/identity.rs"]
mod identity;
#[path = "door/proxy.rs"]
mod proxy;
#[path = "door/rig.rs"]
mod rig;
#[path = "door/tls.rs"]
mod tls;
