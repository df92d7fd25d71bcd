//! The store against a real PostgreSQL.
#![allow(clippy::unwrap_used, reason = "tests")]

mod admin;
mod boundary;
mod embedded;
mod grants;
mod logout;
mod migrations;
mod plugins;
mod samples;
mod schema;
mod sealed;
mod settle;
mod sweep;
mod token_audit;
mod users;
