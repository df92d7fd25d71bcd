//! Who asks, and for what.

use std::fmt;

use serde::de::DeserializeOwned;

use crate::wire;
#[cfg(target_arch = "wasm32")]
use crate::wire::person;
pub use crate::wire::person::SignedIn;
use crate::wire::types::{Member, Value};

/// Who asks and for what: the same for every hook of a request. Read only.
///
/// What is seldom needed is not handed over but asked for: [`parameter`](Context::parameter), [`header`](Context::header),
/// [`random_bytes`](Context::random_bytes).
#[derive(Debug)]
#[non_exhaustive]
pub struct Context {
    /// The client that asks; in the hooks of a sign-in the client that sent the person.
    pub client_id: String,
    /// The tags the operator gave the client.
    pub client_tags: Vec<String>,
    /// The `grant_type` of the request; `implicit` for tokens that the browser carries, empty where none are made.
    pub grant_type: String,
    /// Whether this is a refresh of an earlier grant.
    pub refresh: bool,
    /// What the client asked for; empty when it asked for nothing in particular.
    pub requested_scopes: Vec<String>,
    /// The `resource` values the client asked for (RFC 8707 §2).
    pub requested_resources: Vec<String>,
    /// The subject of the token, where there is one.
    pub subject: Option<String>,
    /// Seconds since 1970-01-01T00:00:00Z at which the token is made.
    pub now: u64,
    client_metadata: String,
    configuration: String,
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) surroundings: crate::testing::Surroundings,
}

impl Context {
    /// Opens the record that the server handed over.
    pub(crate) fn new(record: wire::types::Context) -> Self {
        Self {
            client_id: record.client_id,
            client_tags: record.client_tags,
            grant_type: record.grant_type,
            refresh: record.refresh,
            requested_scopes: record.requested_scopes,
            requested_resources: record.requested_resources,
            subject: record.subject,
            now: record.now,
            client_metadata: record.client_metadata,
            configuration: record.configuration,
            #[cfg(not(target_arch = "wasm32"))]
            surroundings: crate::testing::Surroundings::default(),
        }
    }

    /// Whether the operator gave the client this tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.client_tags.iter().any(|own| own == tag)
    }

    /// The binding's configuration, read into the author's type.
    ///
    /// # Panics
    ///
    /// When it does not fit `T`, which ends the call and is told in the log. The server checks a configuration against the
    /// plugin's schema when it is saved, so this means that schema and type disagree.
    #[track_caller]
    pub fn configuration<T: DeserializeOwned>(&self) -> T {
        match self.try_configuration() {
            Ok(configuration) => configuration,
            Err(unreadable) => panic!("{unreadable}"),
        }
    }

    /// As [`configuration`](Context::configuration), for plugins without a schema.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] when it does not fit `T`.
    pub fn try_configuration<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        read("the configuration", &self.configuration)
    }

    /// The client's custom metadata, read into the author's type. It is a JSON object, empty where the operator set none.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] when it does not fit `T`. Metadata has no schema: let absent members be `Option`s.
    pub fn client_metadata<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        read("the client's metadata", &self.client_metadata)
    }

    /// The value of a form parameter of the request. Secrets (passwords, codes, assertions, tokens) are never shown.
    pub fn parameter(&self, name: &str) -> Option<String> {
        #[cfg(target_arch = "wasm32")]
        return wire::request::parameter(name);
        #[cfg(not(target_arch = "wasm32"))]
        self.surroundings.parameters.get(name).cloned()
    }

    /// The value of a request header by its lower-case name. Credentials and cookies are never shown.
    pub fn header(&self, name: &str) -> Option<String> {
        #[cfg(target_arch = "wasm32")]
        return wire::request::header(name);
        #[cfg(not(target_arch = "wasm32"))]
        self.surroundings.headers.get(name).cloned()
    }

    /// The user's identifier; needs the permission `user:id`.
    pub fn user_id(&self) -> Option<String> {
        #[cfg(target_arch = "wasm32")]
        return person::id();
        #[cfg(not(target_arch = "wasm32"))]
        self.surroundings.user_id.clone()
    }

    /// The name the user signs in with; needs the permission `user:username`.
    pub fn username(&self) -> Option<String> {
        #[cfg(target_arch = "wasm32")]
        return person::username();
        #[cfg(not(target_arch = "wasm32"))]
        self.surroundings.username.clone()
    }

    /// A claim or attribute of the user; needs the permission `user:NAME`. Tests and fixtures have no permissions: what they
    /// name is what is there.
    pub fn user(&self, name: &str) -> Option<Value> {
        #[cfg(target_arch = "wasm32")]
        return person::attribute(name);
        #[cfg(not(target_arch = "wasm32"))]
        crate::testing::find(&self.surroundings.user, name)
    }

    /// Every claim and attribute of the user that the binding permits.
    pub fn user_attributes(&self) -> Vec<Member> {
        #[cfg(target_arch = "wasm32")]
        return person::attributes();
        #[cfg(not(target_arch = "wasm32"))]
        self.surroundings.user.clone()
    }

    /// How the person signed in, where there is one and did.
    pub fn signed_in(&self) -> Option<SignedIn> {
        #[cfg(target_arch = "wasm32")]
        return person::sign_in();
        #[cfg(not(target_arch = "wasm32"))]
        self.surroundings.signed_in()
    }

    /// What a plugin remembered with the session.
    pub fn session_attribute(&self, name: &str) -> Option<Value> {
        #[cfg(target_arch = "wasm32")]
        return person::session_attribute(name);
        #[cfg(not(target_arch = "wasm32"))]
        crate::testing::find(&self.surroundings.session_attributes, name)
    }

    /// What a plugin remembered with the grant.
    pub fn grant_attribute(&self, name: &str) -> Option<Value> {
        #[cfg(target_arch = "wasm32")]
        return wire::grant::attribute(name);
        #[cfg(not(target_arch = "wasm32"))]
        crate::testing::find(&self.surroundings.grant_attributes, name)
    }

    /// The authorization details of the grant or request (RFC 9396 §2), read into the author's type: a list, empty where there
    /// are none.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] when they do not fit `T`.
    pub fn authorization_details<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        #[cfg(target_arch = "wasm32")]
        let details = &wire::grant::authorization_details();
        #[cfg(not(target_arch = "wasm32"))]
        let details = &self.surroundings.authorization_details;
        read("the authorization details", details)
    }

    /// Who acts for the subject, the latest first (RFC 8693 §4.1).
    pub fn actors(&self) -> Vec<String> {
        #[cfg(target_arch = "wasm32")]
        return wire::grant::actors();
        #[cfg(not(target_arch = "wasm32"))]
        self.surroundings.actors.clone()
    }

    /// What the sender of the token must prove (RFC 7800 §3), read into the author's type, where it must prove something.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] when it does not fit `T`.
    pub fn confirmation<T: DeserializeOwned>(&self) -> Result<Option<T>, Unreadable> {
        #[cfg(target_arch = "wasm32")]
        let confirmation = wire::grant::confirmation();
        #[cfg(not(target_arch = "wasm32"))]
        let confirmation = self.surroundings.confirmation.clone();
        confirmation.map(|text| read("the confirmation", &text)).transpose()
    }

    /// Milliseconds left before the call is ended.
    pub fn remaining_milliseconds(&self) -> u32 {
        #[cfg(target_arch = "wasm32")]
        return wire::request::remaining_milliseconds();
        #[cfg(not(target_arch = "wasm32"))]
        self.surroundings.remaining_milliseconds
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, the same throughout one call.
    pub fn now_milliseconds(&self) -> u64 {
        #[cfg(target_arch = "wasm32")]
        return wire::clock::now_milliseconds();
        #[cfg(not(target_arch = "wasm32"))]
        self.now.saturating_mul(1000)
    }

    /// Random bytes, at most 4096 at a time. In tests and fixtures they count up from 0.
    pub fn random_bytes(&self, length: u32) -> Vec<u8> {
        #[cfg(target_arch = "wasm32")]
        return wire::random::bytes(length);
        #[cfg(not(target_arch = "wasm32"))]
        self.surroundings.count_up(length)
    }
}

/// A JSON document that does not fit the author's type.
#[derive(Debug)]
pub struct Unreadable {
    what: &'static str,
    error: serde_json::Error,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} does not fit: {}", self.what, self.error)
    }
}

impl std::error::Error for Unreadable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

pub(crate) fn read<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, Unreadable> {
    serde_json::from_str(text).map_err(|error| Unreadable { what, error })
}
