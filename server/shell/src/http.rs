//! The hall: a request comes in from a connection, an `Arrival` goes to the endpoints, an `Answer` goes back.
//!
//! The hall knows HTTP and nothing of OAuth. It reads bodies within limits and deadlines, refuses what no
//! endpoint should see, and makes every answer complete. Its own refusals are JSON and never stored (RFC 6749
//! §5.2), whatever went wrong.

#![allow(clippy::result_large_err, reason = "a refusal is an answer, moved once on its way out; boxing it would allocate")]

mod answer;
mod arrival;
pub(crate) mod hall;
mod outgoing;

pub use answer::Answer;
pub use arrival::{Arrival, BodyLimit, Peer, RequestId, Security};

use ::http::{HeaderMap, Method};
use std::future::Future;

/// What stands behind the hall: the endpoints of one listener.
pub trait Handler: Clone + Send + Sync + 'static {
    /// Decides from the head alone whether the body may come, and how large it may be; 404, 405, 413 and 415 are
    /// given here, before anything is read. HEAD is presented as GET.
    fn admit(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<BodyLimit, Answer>;

    /// Answers a request that was admitted. HEAD is presented as GET, and the hall drops the body.
    fn call(&self, arrival: Arrival) -> impl Future<Output = Answer> + Send;
}
