//! What we decide, and nothing else.
//!
//! *Comes in:* parsed requests, plain facts from the store, the time.
//! *Goes out:* verdicts, shaped claims, answers to introspection.
//! *May fail with:* refusals, each with an OAuth code and a reason.
//! *Must never know:* clocks, chance, sockets, SQL, private keys.

pub mod assurance;
pub mod attestation;
pub mod authorize;
pub mod binding;
pub mod certificate;
pub mod ciba;
pub mod claims;
pub mod client;
pub mod client_auth;
pub mod client_document;
pub mod confirmation;
pub mod detail_types;
pub mod dpop;
pub mod grants;
pub mod hook;
pub mod id_token;
pub mod introspect;
pub mod logout;
pub mod person;
pub mod policy;
pub mod registering;
pub mod registration;
pub mod request_object;
pub mod request_uri;
pub mod resource;
pub mod session_state;
pub mod step_up;
pub mod subject;
pub mod trust;
pub mod upstream;
pub mod value;
