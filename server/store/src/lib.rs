//! State in PostgreSQL, through Diesel and a pool.
//!
//! *Comes in:* identifiers, digests, sealed bytes, domain types to be kept; instants.
//! *Goes out:* domain types, plain facts, outcomes of settles.
//! *May fail with:* [`Fault`], never a refusal.
//! *Must never know:* what is allowed, what claims mean, any secret that is not sealed or digested.

mod access;
mod admin_tokens;
mod backchannel;
mod bindings;
mod boundary;
mod changes;
mod client_documents;
mod clients;
mod connection;
mod consents;
mod deferred;
mod embedded;
mod fault;
mod flows;
mod grants;
mod instant;
mod keys;
mod logout_deliveries;
mod master_key;
pub mod migrate;
mod nodes;
mod opaque_tokens;
mod page;
mod plugins;
mod policy;
mod registrations;
mod replay_guards;
mod resources;
mod revocations;
mod schema;
mod second_factors;
mod server_secrets;
mod sessions;
mod settings;
mod sign_in_failures;
mod signed_requests;
mod source;
mod store;
mod sweep;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod token_audit;
mod trusted_issuers;
mod user_links;
mod users;
mod writer;

pub use admin_tokens::AdminToken;
pub use backchannel::DueNotice;
pub use bindings::BindingRecord;
pub use boundary::PoolState;
pub use changes::{AdminRecord, Changes, EntityKind, Reload, Written};
pub use client_documents::{DocumentClient, KeptDocument};
pub use clients::{ClientRecord, LoadedClient};
pub use consents::ConsentRecord;
pub use deferred::{Deferred, Notice};
pub use embedded::{Embedded, EmbeddedFault, EmbeddedSettings};
pub use fault::{ConstraintKind, Fault};
pub use flows::{Completion, Flow, PushedRequest};
pub use grants::{Ending, GrantAdvance, GrantTouch, LoadedGrant};
pub use keys::{KeyLife, KeyRow};
pub use logout_deliveries::LogoutDelivery;
pub use master_key::{MasterKeyCheck, SealedPlace, SealedValue};
pub use nodes::{NODE_LIVES, NodeRecord};
pub use opaque_tokens::{FoundToken, OpaqueToken};
pub use page::PAGE_MAX;
pub use plugins::{NewVersion, PluginRecord, VersionRecord, VersionState};
pub use policy::Policy;
pub use registrations::{Admission, RegisteredClient, RegistrationToken};
pub use replay_guards::ReplayGuard;
pub use resources::ResourceRecord;
pub use revocations::Revocation;
pub use second_factors::{PasskeyRecord, TotpRecord};
pub use sessions::{EndedSession, EndedSessions, Session};
pub use settings::{AuditMode, Settings};
pub use sign_in_failures::{Bucket, Charge};
pub use signed_requests::SignedRequest;
pub use source::{Database, Source};
pub use store::Store;
pub use sweep::Swept;
pub use token_audit::{TokenRecord, TokenRecordFilter, TokenRecordRow};
pub use trusted_issuers::TrustedIssuerRecord;
pub use user_links::UserLink;
pub use users::{StoredPassword, UserFilter, UserRecord};
pub use writer::{Claim, Outcome, WriterCounts};
