//! Clients that people use, against the server over HTTPS, with every authentication method they know; and the guide that
//! shows their code (`docs/clients.md`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Registered, root};
use serde_json::{Value, json};

mod real_clients {
    mod browser;
    mod code_flow;
    mod grants;
    mod guide;
    mod hardened;
    mod oauth2_crate;
    mod openidconnect_crate;
    mod registration;

    use super::{DEMO_AUDIENCE, METHODS, RESOURCE, SCOPE, node, node_folder, python, register, run, scene};
}

const RESOURCE: &str = "https://reports.example";
const SCOPE: &str = "reports:read";
/// What the demo's tokens are for.
const DEMO_AUDIENCE: &str = "https://api.example";
const METHODS: [&str; 4] = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"];

/// A server with the demo and a resource.
fn scene() -> Dev {
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_REGISTRATION__MODE", "open")]);
    let reader = dev.register(&json!({ "client_id": "reader", "grant_types": ["client_credentials"], "scope": SCOPE }));
    let resource = json!({ "identifier": RESOURCE, "scopes": [SCOPE], "introspectors": [reader.client_id] });
    let reply = dev.admin_post("/resources", &resource);
    assert_eq!(reply.status, 201, "{}", reply.body);
    dev
}

/// A client that may ask for the resource, with the method and the audience of its assertions.
fn register(dev: &Dev, method: &str, assertion: Option<(&AssertionKey, &str)>) -> Registered {
    let mut metadata = json!({
        "token_endpoint_auth_method": method, "grant_types": ["client_credentials"], "scope": SCOPE, "resources": [RESOURCE],
    });
    if let Some((key, audience)) = assertion {
        metadata["assertion_audience"] = json!(audience);
        if method == "private_key_jwt" {
            metadata["jwks"] = key.jwks();
        }
    }
    dev.register(&metadata)
}

/// A client as the programs read it.
fn entry(dev: &Dev, method: &str, audience: &str) -> Value {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let client = register(dev, method, method.ends_with("_jwt").then_some((&key, audience)));
    let mut entry =
        json!({ "name": format!("{method} {audience}"), "method": method, "client_id": client.client_id, "legacy": audience == "legacy" });
    if method == "private_key_jwt" {
        entry["private_key"] = json!(key.to_pem());
        entry["signing_alg"] = json!("ES256");
    } else {
        entry["client_secret"] = json!(client.client_secret);
    }
    entry
}

/// Writes the file that a program is given: the server, and a client for each method.
fn write_scene(dev: &Dev, legacy: &[&str]) -> (PathBuf, Vec<String>) {
    let mut clients: Vec<_> = METHODS.iter().map(|method| entry(dev, method, "strict")).collect();
    let strict: Vec<_> = clients.iter().filter(|client| legacy.iter().any(|method| client["method"] == *method)).cloned().collect();
    clients.extend(legacy.iter().map(|method| entry(dev, method, "legacy")));
    let secret = dev.command_json(&["client", "rotate-secret", "reader"])["client_secret"].clone();
    let basic = |id: &str, secret: Value| json!({ "method": "client_secret_basic", "client_id": id, "client_secret": secret });
    let names = clients.iter().map(|client| format!("{} ok", client["name"].as_str().expect("a name")));
    let names = names.chain(["demo ok".to_owned(), "errors ok".to_owned()]).collect();
    let scene = json!({
        "issuer": dev.issuer(), "ca_file": dev.info["ca_file"], "resource": RESOURCE, "scope": SCOPE, "clients": clients, "strict": strict,
        "reader": basic("reader", secret), "demo": basic("demo", json!(dev.demo().client_secret)), "demo_audience": DEMO_AUDIENCE,
    });
    let path = dev.folder().join("scene.json");
    fs::write(&path, scene.to_string()).expect("written");
    (path, names)
}

/// Runs a program that must succeed.
fn run(what: &str, command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{what}: {error}; is it installed?"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what}: {}\n{out}{err}", output.status);
    output
}

/// A folder below `target/` with what a lock file names, installed once for each state of that file.
fn installed(name: &str, lock: &Path, install: impl FnOnce(&Path)) -> PathBuf {
    let folder = root().join("target/clients").join(name);
    let stamp = folder.join("installed");
    let wanted = format!("{}\n{}", folder.display(), fs::read_to_string(lock).expect("a lock file"));
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return folder;
    }
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    install(&folder);
    fs::write(&stamp, wanted).expect("written");
    folder
}

fn assert_lines(what: &str, output: &Output, names: &[String]) {
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines, names, "{what}");
}

/// A folder for programs of Node with what they need, and the programs beside it: modules are looked for there.
fn node_folder(name: &str, source: &Path, programs: &[&str]) -> PathBuf {
    let folder = installed(name, &source.join("package-lock.json"), |folder| {
        for name in ["package.json", "package-lock.json", ".npmrc"] {
            fs::copy(source.join(name), folder.join(name)).expect("copied");
        }
        run("npm ci (this test needs npm and its registry)", Command::new("npm").args(["ci", "--ignore-scripts"]).current_dir(folder));
    });
    for name in programs {
        fs::copy(source.join(name), folder.join(name)).expect("copied");
    }
    folder
}

/// The clients for Node.
fn node() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let programs = [
        "client.mjs",
        "test.mjs",
        "people.mjs",
        "people-test.mjs",
        "hardened.mjs",
        "hardened-test.mjs",
        "grants.mjs",
        "grants-test.mjs",
        "register.mjs",
        "register-test.mjs",
    ];
    FOLDER.get_or_init(|| node_folder("node", &root().join("tests/clients/node"), &programs))
}

/// Python, about to run one of its clients.
fn python(program: &str) -> Command {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let source = root().join("tests/clients/python");
    let requirements = source.join("requirements.txt");
    let folder = FOLDER.get_or_init(|| {
        installed("python", &requirements, |folder| {
            run("python3 -m venv", Command::new("python3").args(["-m", "venv", "venv"]).current_dir(folder));
            let mut pip = Command::new(folder.join("venv/bin/pip"));
            pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&requirements);
            run("pip install (this test needs the Python registry)", &mut pip);
        })
    });
    let mut python = Command::new(folder.join("venv/bin/python"));
    // Where these are set, requests listens to them and not to the session.
    python.args(["-B", program]).current_dir(source).env_remove("REQUESTS_CA_BUNDLE").env_remove("CURL_CA_BUNDLE");
    python
}

#[test]
fn openid_client_of_npm_gets_verifies_introspects_and_revokes() {
    let folder = node();
    let dev = scene();
    let (path, names) = write_scene(&dev, &[]);
    let ca = dev.info["ca_file"].as_str().expect("a path");
    let output = run("node test.mjs", Command::new("node").arg("test.mjs").arg(path).current_dir(folder).env("NODE_EXTRA_CA_CERTS", ca));
    assert_lines("node test.mjs", &output, &names);
}

#[test]
fn authlib_of_pypi_gets_verifies_introspects_and_revokes() {
    let dev = scene();
    let (path, names) = write_scene(&dev, &["client_secret_jwt", "private_key_jwt"]);
    assert_lines("python test.py", &run("python test.py", python("test.py").arg(path)), &names);
}

#[test]
fn lock_files_name_no_registry() {
    for name in ["clients/node/package-lock.json", "clients/python/requirements.txt", "browser/package-lock.json"] {
        let text = fs::read_to_string(root().join("tests").join(name)).expect("text");
        assert!(!text.contains("\"resolved\"") && !text.contains("index-url") && !text.contains(" @ "), "{name}");
    }
}
