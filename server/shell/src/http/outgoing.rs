//! The body of an answer: one piece, and the knowledge of whether it was taken.

use crate::listen::pulse::Underway;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Drops its `Underway` when the protocol machinery has taken the body, or given it up.
#[derive(Debug)]
pub(crate) struct Outgoing {
    body: Full<Bytes>,
    underway: Option<Underway>,
}

impl Outgoing {
    pub(crate) fn new(body: Bytes, underway: Underway) -> Outgoing {
        Outgoing { body: Full::new(body), underway: Some(underway) }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if self.body.is_end_stream() {
            self.underway = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
