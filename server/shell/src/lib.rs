//! The async edge and the binary: the door, the hall, the endpoints, the commands.
//!
//! - *Comes in*: TCP connections, the configuration, the command line.
//! - *Goes out*: HTTP answers, logs, metrics, exit codes.
//! - *May fail*: at start, with what the operator has to mend; later per request, with 4xx or 5xx.
//! - *Must never know*: what a grant allows, how claims are shaped, what a private key looks like.

pub mod account;
pub mod admin;
pub mod assertions;
pub mod attestation;
pub mod authorize;
pub mod back_channel;
pub mod browser;
pub mod calendar;
pub mod cli;
pub mod client_documents;
pub mod client_keys;
pub mod clock;
pub mod companions;
pub mod config;
pub mod court;
pub mod decisions;
pub mod desk;
pub mod detail_types;
pub mod dev;
pub mod directory;
pub mod endpoints;
pub mod envelope;
pub mod failure;
pub mod fetch;
pub mod freshness;
pub mod guesses;
pub mod hardening;
pub mod hook_room;
pub mod http;
pub mod issue;
pub mod key_life;
pub mod known_token;
pub mod listen;
pub mod messenger;
pub mod node;
pub mod object_keys;
pub mod own_jwt;
pub mod pages;
pub mod people;
pub mod possession;
pub mod record;
pub mod register;
pub mod report;
pub mod rooms;
pub mod seals;
pub mod secret_desk;
pub mod sector;
pub mod serve;
pub mod shared_secret;
pub mod sign_out;
pub mod slow_signing;
pub mod start_fault;
pub mod telemetry;
pub mod throttle;
pub mod tls;
pub mod trust;
pub mod upstream;
