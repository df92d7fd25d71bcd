//! A person signs in to the clients that people use: code and PKCE, ID token, UserInfo, refresh token, DPoP.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Person};
use serde_json::{Value, json};
use url::Url;

use super::{METHODS, node, python, run};

pub(super) const CALLBACK: &str = "https://app.example/cb";
pub(super) const SCOPE: &str = "openid profile email offline_access";

/// A person who walks wherever a program says: `GET /?url=…` answers the URL that their browser ends up at.
pub(super) fn person_at_hand(person: Arc<Person>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/", listener.local_addr().expect("an address"));
    let base = Url::parse(&address).expect("a URL");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut lines = BufReader::new(stream.try_clone().expect("a connection")).lines();
            let first = lines.next().expect("a line").expect("text");
            for _ in lines.by_ref().take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())) {}
            let target = base.join(first.split(' ').nth(1).expect("a target")).expect("a URL");
            let url = target.query_pairs().find(|(name, _)| name == "url").expect("a URL").1.into_owned();
            let landed = person.walk(&url).client();
            let length = landed.as_str().len();
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{landed}").expect("written");
        }
    });
    address
}

fn entry(dev: &Dev, method: &str, dpop: bool) -> Value {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let mut metadata = json!({
        "client_name": method, "token_endpoint_auth_method": method, "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [CALLBACK], "scope": SCOPE, "dpop_bound_access_tokens": dpop,
    });
    if method == "private_key_jwt" {
        metadata["jwks"] = key.jwks();
    }
    let client = dev.register(&metadata);
    let name = if dpop { format!("{method} with DPoP") } else { method.to_owned() };
    let mut entry = json!({ "name": name, "method": method, "client_id": client.client_id, "dpop": dpop });
    if method == "private_key_jwt" {
        entry["private_key"] = json!(key.to_pem());
    } else if let Some(secret) = client.client_secret {
        entry["client_secret"] = json!(secret);
    }
    entry
}

/// The file that a program is given: the server, a client for each method, and where the person is.
fn write_scene(dev: &Dev) -> PathBuf {
    let mut clients: Vec<_> = METHODS.iter().map(|method| entry(dev, method, false)).collect();
    clients.extend([entry(dev, "none", false), entry(dev, "private_key_jwt", true), entry(dev, "none", true)]);
    let scene = json!({
        "issuer": dev.issuer(), "ca_file": dev.info["ca_file"], "person": person_at_hand(Arc::new(Person::alice(dev))),
        "redirect_uri": CALLBACK, "scope": SCOPE, "clients": clients,
    });
    let path = dev.folder().join("people.json");
    fs::write(&path, scene.to_string()).expect("written");
    path
}

pub(super) fn assert_ok(output: &std::process::Output, names: &[&str]) {
    let text = String::from_utf8_lossy(&output.stdout);
    let expected: Vec<_> = names.iter().map(|name| format!("{name} ok")).collect();
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_person_signs_in_through_openid_client() {
    let folder = node();
    let dev = Dev::start();
    let ca = dev.info["ca_file"].as_str().expect("a path");
    let mut program = Command::new("node");
    program.arg("people-test.mjs").arg(write_scene(&dev)).current_dir(folder).env("NODE_EXTRA_CA_CERTS", ca);
    let names = [&METHODS[..], &["none", "private_key_jwt with DPoP", "none with DPoP", "errors"]].concat();
    assert_ok(&run("node people-test.mjs", &mut program), &names);
}

#[test]
fn a_person_signs_in_through_authlib() {
    let dev = Dev::start();
    let mut program = python("people_test.py");
    program.arg(write_scene(&dev));
    let names = [&METHODS[..], &["none"]].concat();
    assert_ok(&run("python people_test.py", &mut program), &names);
}
