//! What the specifications say: forms, identifiers, scopes, credentials, requests, responses, and the one error table.
//!
//! *Comes in:* bytes and headers of one request.
//! *Goes out:* typed requests; rendered responses.
//! *May fail with:* `invalid_request`, `unsupported_grant_type`, `invalid_scope`, `invalid_target`.
//! *Must never know:* whether a client exists, the time, the database.

pub mod authorize;
pub mod credentials;
pub mod error;
pub mod form;
pub mod grant;
pub mod handle;
pub mod id;
pub mod redirect;
pub mod registration;
pub mod resource;
pub mod response;
pub mod scope;
pub mod target;
pub mod time;
pub mod token;
