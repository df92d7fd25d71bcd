//! What goes back.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::time::Instant;

/// A complete answer. `Content-Length` and `Date` are added on the way out.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; dropped for HEAD.
    pub body: Bytes,
    /// Not to leave earlier. The wait holds a connection but no place among the requests in flight.
    pub leave_at: Option<Instant>,
}

impl Answer {
    /// An answer without body.
    pub fn empty(status: StatusCode) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: Bytes::new(), leave_at: None }
    }

    /// A body of a static content type.
    pub fn of(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Answer { status, headers, body: body.into(), leave_at: None }
    }

    /// A JSON body.
    pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Answer {
        Answer::of(status, "application/json", body)
    }

    /// An error as the token endpoint gives it (RFC 6749 §5.2). Both texts must need no escaping in JSON.
    pub fn refusal(status: StatusCode, error: &'static str, description: &'static str) -> Answer {
        debug_assert!(!error.contains(['"', '\\']) && !description.contains(['"', '\\']));
        let body = format!(r#"{{"error":"{error}","error_description":"{description}"}}"#);
        Answer::json(status, body).uncached()
    }

    /// With one more header, replacing one of the same name.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Answer {
        self.headers.insert(name, value);
        self
    }

    /// Never to be stored by any cache (RFC 6749 §5.1).
    #[must_use]
    pub fn uncached(self) -> Answer {
        self.with(CACHE_CONTROL, HeaderValue::from_static("no-store")).with(PRAGMA, HeaderValue::from_static("no-cache"))
    }

    /// With `Retry-After` in seconds (RFC 9110 §10.2.3).
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Answer {
        self.with(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Not to leave before `at`.
    #[must_use]
    pub fn leave_at(mut self, at: Instant) -> Answer {
        self.leave_at = Some(at);
        self
    }
}
