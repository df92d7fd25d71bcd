//! The body of an answer: one piece, and the knowledge of whether it was taken.

use crate::listen::pulse::Underway;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The protocol machinery drops it when it has taken the body or given it up; HTTP/2 fetches the frame early
/// and then waits for the peer's window, so fetching alone says nothing.
#[derive(Debug)]
pub(crate) struct Outgoing {
    body: Full<Bytes>,
    _underway: Underway,
}

impl Outgoing {
    pub(crate) fn new(body: Bytes, underway: Underway) -> Outgoing {
        Outgoing { body: Full::new(body), _underway: underway }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
