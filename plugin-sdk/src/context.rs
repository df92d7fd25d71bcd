//! Who asks, and for what.

use std::fmt;

use serde::de::DeserializeOwned;

use crate::wire;

/// Who asks and for what: the same for every hook of a request. Read only.
///
/// What is seldom needed is not handed over but asked for: [`parameter`](Context::parameter), [`header`](Context::header),
/// [`random_bytes`](Context::random_bytes).
#[derive(Debug)]
#[non_exhaustive]
pub struct Context {
    /// The authenticated client.
    pub client_id: String,
    /// The tags the operator gave the client.
    pub client_tags: Vec<String>,
    /// The `grant_type` of the request; empty where no grant is in play (introspection).
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

fn read<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, Unreadable> {
    serde_json::from_str(text).map_err(|error| Unreadable { what, error })
}
