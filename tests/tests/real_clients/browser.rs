//! People in Chromium, against a server that runs: every way to sign in, consent, errors, and a client in the browser.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use claimsmith_jose::{SigningAlg, base64url};
use claimsmith_tests::{AssertionKey, Dev, Person, postgres, root};
use claimsmith_vault::{MasterKey, Place, Sealer};
use serde_json::{Value, json};

use super::{node_folder, run};

const CIBA: &str = "urn:openid:params:grant-type:ciba";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

const PASSWORD: &str = "a long enough password";
/// The secret of every authenticator app here.
const APP_SECRET: &[u8; 20] = b"twenty bytes of app.";

/// A person, and their id.
fn person(dev: &Dev, name: &str) -> String {
    let reply = dev.admin_post("/users", &json!({ "username": name, "password": PASSWORD }));
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()["user_id"].as_str().expect("an id").to_owned()
}

fn sql(dev: &Dev, statement: &str) {
    postgres::execute(dev.info["database_url"].as_str().expect("a URL"), statement);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Gives somebody an authenticator app, in the database: only they themselves could on their pages.
fn give_app(dev: &Dev, user: &str) -> String {
    let master_key = MasterKey::read(&dev.folder().join("var/master.key")).expect("a key");
    let place = Place { table: "user_totp", column: "sealed_secret", row: user };
    let sealed = Sealer::new(&master_key, &[]).seal(&place, APP_SECRET).expect("sealed");
    sql(dev, &format!("insert into user_totp (user_id, sealed_secret, last_step) values ('{user}', '\\x{}', 0)", hex(&sealed)));
    hex(APP_SECRET)
}

/// Gives somebody a passkey, in the database. Answers it as the debugger of Chromium puts it into an authenticator.
fn give_passkey(dev: &Dev, user: &str, number: u8) -> Value {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let jwk = &key.jwks()["keys"][0];
    let id = [number; 32];
    let credential = json!({ "cred": {
        "cred_id": base64url::encode(id),
        "cred": { "type_": "ES256", "key": { "EC_EC2": { "curve": "SECP256R1", "x": jwk["x"], "y": jwk["y"] } } },
        "counter": 0, "transports": null, "user_verified": true, "backup_eligible": false, "backup_state": false,
        "registration_policy": "required", "extensions": {},
        "attestation": { "data": "None", "metadata": "None" }, "attestation_format": "none",
    } });
    let values = format!("'\\x{}', '{user}', 'Laptop', '{credential}'", hex(&id));
    sql(dev, &format!("insert into passkeys (credential_id, user_id, name, credential) values ({values})"));
    // The debugger reads Base64 with padding, of 32 bytes and of 16.
    let handle = user.trim_start_matches("usr_").replace('-', "+").replace('_', "/");
    let pem: String = key.to_pem().lines().filter(|line| !line.starts_with("--")).collect();
    json!({
        "credentialId": format!("{}=", base64url::encode(id)), "isResidentCredential": true, "rpId": "localhost", "privateKey": pem,
        "userHandle": format!("{handle}=="), "signCount": 1,
    })
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

fn write_scene(dev: &Dev, origin: &str) -> std::path::PathBuf {
    let callback = format!("{origin}/cb");
    let metadata = json!({
        "client_name": "Harbour Reports", "grant_types": ["authorization_code"], "redirect_uris": [callback],
        "token_endpoint_auth_method": "client_secret_basic", "scope": "openid profile email",
    });
    let client = dev.register(&metadata);
    let application = dev.register(&json!({
        "client_name": "Application", "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none",
        "redirect_uris": [format!("{origin}/application")], "scope": "openid profile email offline_access",
    }));
    let device = dev.register(&json!({
        "client_name": "Harbour Display", "grant_types": [DEVICE], "scope": "openid profile", "token_endpoint_auth_method": "client_secret_basic",
    }));
    let till = dev.register(&json!({
        "client_name": "Harbour Shop", "grant_types": [CIBA], "scope": "openid profile", "backchannel_token_delivery_mode": "poll",
    }));
    let [tom, pia, eve, _] = ["tom", "pia", "eve", "ida"].map(|name| person(dev, name));
    let people = json!({
        "alice": { "password": Person::alice(dev).password }, "bob": { "password": Person::bob(dev).password },
        "tom": { "password": PASSWORD, "totp": give_app(dev, &tom) },
        "pia": { "password": PASSWORD, "passkey": give_passkey(dev, &pia, 1) },
        "ida": { "password": PASSWORD },
        "eve": { "password": PASSWORD, "totp": give_app(dev, &eve), "passkey": give_passkey(dev, &eve, 2) },
    });
    // The client's web server has the certificate of the server: both are localhost.
    let tls = Path::new(dev.info["ca_file"].as_str().expect("a path")).parent().expect("a folder").to_owned();
    let [password, multi_factor, passkey] = ["password", "mfa", "passkey"].map(|level| format!("urn:claimsmith:acr:{level}"));
    let scene = json!({
        "issuer": dev.issuer(), "authorization_endpoint": dev.url("authorization_endpoint"), "token_endpoint": dev.url("token_endpoint"),
        "device_authorization_endpoint": dev.url("device_authorization_endpoint"),
        "backchannel_endpoint": dev.url("backchannel_authentication_endpoint"),
        "till": { "client_id": till.client_id, "client_secret": till.client_secret },
        "device": { "client_id": device.client_id, "client_secret": device.client_secret },
        "client_origin": origin, "application": application.client_id, "people": people,
        "client": { "client_id": client.client_id, "client_secret": client.client_secret, "redirect_uri": callback },
        "key_file": tls.join("server.key"), "certificate_file": tls.join("server.pem"),
        "acr": { "password": password, "multi_factor": multi_factor, "passkey": passkey },
    });
    let path = dev.folder().join("browser.json");
    fs::write(&path, scene.to_string()).expect("written");
    path
}

/// With `CLAIMSMITH_PICTURES` it leaves a picture of every page there.
#[test]
fn people_in_chromium_sign_in_agree_and_refuse_and_axe_finds_nothing() {
    let folder = node_folder("browser", &root().join("tests/browser"), &["audit.mjs", "client.mjs", "walk.mjs"]);
    let origin = format!("https://localhost:{}", free_port());
    let grants = format!("client_credentials,authorization_code,refresh_token,{DEVICE},{CIBA}");
    let settings = [
        ("CLAIMSMITH_CORS__ALLOWED_ORIGINS", origin.as_str()),
        ("CLAIMSMITH_GRANTS__ENABLED", &grants),
        ("CLAIMSMITH_DEVICE__INTERVAL", "1 s"),
        ("CLAIMSMITH_CIBA__INTERVAL", "1 s"),
    ];
    let dev = Dev::start_with(&[], &settings);
    let scene = write_scene(&dev, &origin);
    let mut node = Command::new("node");
    node.arg("walk.mjs").arg(&scene).args(std::env::var_os("CLAIMSMITH_PICTURES")).current_dir(&folder);
    let output = run("node walk.mjs", &mut node);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.lines().filter(|line| line.ends_with(" ok")).count(), 14, "{text}");
    assert!(!dev.log().contains(PASSWORD), "a secret is in the log");
}
