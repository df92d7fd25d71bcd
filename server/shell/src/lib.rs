//! The async edge and the binary: the door, the hall, the endpoints, the commands.
//!
//! - *Comes in*: TCP connections, the configuration, the command line.
//! - *Goes out*: HTTP answers, logs, metrics, exit codes.
//! - *May fail*: at start, with what the operator has to mend; later per request, with 4xx or 5xx.
//! - *Must never know*: what a grant allows, how claims are shaped, what a private key looks like.

pub mod http;
pub mod listen;
pub mod tls;
