//! Clients register themselves through openid-client; a person signs in to them, and they delete themselves.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use claimsmith_tests::{Dev, Person};
use serde_json::json;

use super::code_flow::{CALLBACK, assert_ok, person_at_hand};
use super::{node, run};

#[test]
fn clients_register_themselves_through_openid_client() {
    let folder = node();
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_REGISTRATION__MODE", "token")]);
    let token = dev.command_json(&["registration-token", "create", "test"])["token"].clone();
    let scene = json!({
        "issuer": dev.issuer(), "person": person_at_hand(Arc::new(Person::alice(&dev))), "redirect_uri": CALLBACK,
        "initial_access_token": token,
    });
    let path = dev.folder().join("registration.json");
    fs::write(&path, scene.to_string()).expect("written");
    let ca = dev.info["ca_file"].as_str().expect("a path");
    let mut program = Command::new("node");
    program.arg("register-test.mjs").arg(path).current_dir(folder).env("NODE_EXTRA_CA_CERTS", ca);
    assert_ok(&run("node register-test.mjs", &mut program), &["client_secret_basic", "client_secret_post", "none", "errors"]);
}
