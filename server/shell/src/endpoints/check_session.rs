//! The frame that clients' pages ask whether the session has changed
//! ([OpenID Connect Session Management 1.0 §3.2](https://openid.net/specs/openid-connect-session-1_0.html)). Off unless
//! `sessions.check_session_iframe` says otherwise: then there is nothing at its path.
//!
//! All happens in the browser: the frame reads our cookie, hashes it with what the page sent, and answers the page's own origin.

use std::sync::LazyLock;

use claimsmith_jose::{Digest, base64url};
use http::StatusCode;
use http::header::{CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};

use super::{Cors, Endpoint, Kind};
use crate::http::Answer;
use crate::rooms::Rooms;

pub(super) const ENDPOINT: Endpoint = Endpoint {
    name: "check_session",
    path: "/oauth2/check_session",
    method: "GET",
    body_limit: 0,
    cors: Cors::Nobody,
    // It stands in the metadata where it is switched on.
    metadata: None,
    client_auth: false,
    summary: "The frame by which a client's page watches the session (OpenID Connect Session Management §3.2), where it is switched on.",
    kind: Kind::CheckSession,
};

/// What runs in the frame.
const SCRIPT: &str = include_str!("check_session.js");

static PAGE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Session</title></head><body><script>{SCRIPT}</script></body></html>\n"
    )
});

/// Every page may frame it: it shows nothing and has nothing to press. Nothing runs in it but the one script.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let digest = base64url::encode(Digest::of(SCRIPT.as_bytes()).as_bytes()).replace('-', "+").replace('_', "/");
    let policy = format!("default-src 'none'; script-src 'sha256-{digest}='; base-uri 'none'; form-action 'none'; frame-ancestors https:");
    // Invariant: base64 and the rest are ASCII.
    HeaderValue::from_str(&policy).expect("a content security policy is printable")
});

pub(super) fn handle(rooms: &Rooms) -> Answer {
    if !rooms.settings.check_session {
        return Answer::refusal(StatusCode::NOT_FOUND, "invalid_request", "there is nothing at this path");
    }
    Answer::of(StatusCode::OK, "text/html; charset=utf-8", PAGE.as_str())
        .uncached()
        .with(CONTENT_SECURITY_POLICY, POLICY.clone())
        .with(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
        .with(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
        .with(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"))
}
