//! The requirements, from outside, over HTTPS. One server for all of them; every test brings clients of its own.

#![allow(clippy::needless_pass_by_value, reason = "`json!` where a test needs it reads better than a reference to it")]

use std::sync::LazyLock;

use claimsmith_tests::Dev;

static SERVER: LazyLock<Dev> = LazyLock::new(Dev::start);

/// The server that all tests of this file share.
fn server() -> &'static Dev {
    &SERVER
}

/// Grants that are off where nobody wants them.
const WIDE: &str = "client_credentials,authorization_code,refresh_token,\
                    password,urn:ietf:params:oauth:grant-type:device_code,\
                    urn:ietf:params:oauth:grant-type:jwt-bearer,urn:ietf:params:oauth:grant-type:token-exchange,\
                    urn:openid:params:grant-type:ciba";

static WIDE_SERVER: LazyLock<Dev> = LazyLock::new(|| {
    Dev::start_with(&[], &[("CLAIMSMITH_GRANTS__ENABLED", WIDE), ("CLAIMSMITH_TOKEN_EXCHANGE__TRUST_DOMAIN", "urn:inside.example")])
});

/// A server that serves every grant there is.
fn wide() -> &'static Dev {
    &WIDE_SERVER
}

mod outside {
    mod access;
    mod account;
    mod admin;
    mod attestation;
    mod authorize;
    mod bearer;
    mod ciba;
    mod ciba_told;
    mod client_auth;
    mod client_credentials;
    mod client_documents;
    mod code_flow;
    mod codes;
    mod device;
    mod device_sso;
    mod discovery;
    mod dpop;
    mod dpop_people;
    mod errands;
    mod fapi;
    mod grants_page;
    mod handles;
    mod hooks;
    mod hooks_of_proofs;
    mod hybrid;
    mod id_token;
    mod identity_assertions;
    mod introspection;
    mod isolation;
    mod jar;
    mod jarm;
    mod jwt_bearer;
    mod logout;
    mod mtls;
    mod network;
    mod par;
    mod password;
    mod plugins;
    mod rar;
    mod refresh;
    mod registration;
    mod revocation;
    mod slow_plugins;
    mod step_up;
    mod subjects;
    mod token_endpoint;
    mod token_exchange;
    mod transaction_tokens;
    mod upstream;
    mod users;
    mod walk;
    mod watching;
}
