//! The pages on which a walk ends: back to the client, signed out, or with an error.

use super::{Account, ClientCard, Form, FormField, Link};
use http::StatusCode;
use serde::Serialize;

/// Declares what can go wrong, with the status it is sent with.
macro_rules! errors {
    ($($(#[doc = $doc:literal])+ $name:ident: $text:literal, $status:ident;)+) => {
        /// What went wrong, as people are told. The texts are `error-<name>-title`, `-text` and `-remedy`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        pub enum ErrorKind { $($(#[doc = $doc])+ #[serde(rename = $text)] $name,)+ }

        impl ErrorKind {
            /// All of them.
            pub const ALL: &[ErrorKind] = &[$(Self::$name),+];

            /// Its name in texts.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The status.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }
        }
    };
}

errors! {
    /// The client's request is wrong, and the error cannot be sent to the client.
    BadRequest: "bad-request", BAD_REQUEST;
    /// Nobody knows the client.
    UnknownClient: "unknown-client", BAD_REQUEST;
    /// The redirect URI is not one of the client's.
    BadRedirect: "bad-redirect", BAD_REQUEST;
    /// The walk is too old, done already, or was begun in another browser.
    Expired: "expired", BAD_REQUEST;
    /// The browser sent no cookie.
    NoCookies: "no-cookies", BAD_REQUEST;
    /// The form was not sent from our page.
    Forged: "forged", FORBIDDEN;
    /// A plugin or the policy says no.
    Refused: "refused", FORBIDDEN;
    /// Another provider did not say who the person is.
    Upstream: "upstream", BAD_GATEWAY;
    /// There is no such page.
    NotFound: "not-found", NOT_FOUND;
    /// Too many attempts.
    TooMany: "too-many", TOO_MANY_REQUESTS;
    /// We cannot now.
    Busy: "busy", SERVICE_UNAVAILABLE;
    /// Our fault.
    Broken: "broken", INTERNAL_SERVER_ERROR;
}

/// What went wrong.
#[derive(Clone, Serialize)]
pub struct ErrorPage {
    /// What.
    pub kind: ErrorKind,
    /// The client, where one is known.
    pub client: Option<ClientCard>,
    /// The OAuth error code and what it means, in English, for the client's developer.
    pub detail: Option<String>,
    /// A sentence for people, from a plugin.
    pub said: Option<String>,
    /// What the operator finds the request by.
    pub reference: String,
    /// Where to begin anew: the client's home page, or our own.
    pub back: Option<Link>,
}

/// The response as a form that the browser posts by itself, or at the press of a button.
#[derive(Clone, Serialize)]
pub struct FormPost {
    /// The vetted redirect URI.
    pub target: Link,
    /// The client's name.
    pub client: String,
    /// The response.
    pub fields: Vec<FormField>,
}

/// Whether to sign out (OpenID Connect RP-Initiated Logout §2). Actions: `sign_out`, `stay`.
#[derive(Clone, Serialize)]
pub struct SignOut {
    /// The form.
    pub form: Form,
    /// The client that asks for it.
    pub client: Option<ClientCard>,
    /// Who is signed in.
    pub account: Account,
}

/// Signed out.
#[derive(Clone, Serialize)]
pub struct SignedOut {
    /// Pages of clients that end their own sessions (OpenID Connect Front-Channel Logout §3).
    pub frames: Vec<Link>,
    /// Where the person goes on.
    pub next: Option<Link>,
    /// The name of who is there.
    pub next_name: Option<String>,
    /// Seconds until the browser goes on by itself; the frames load meanwhile.
    pub wait: u32,
}
