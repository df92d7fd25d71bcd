//! The harness of the outside tests: the binary, started in a folder of its own, and a client that speaks HTTPS to it.
//!
//! Everything goes through the doors that people use: commands, the admin API, HTTPS. Paths come from discovery.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, ClientBuilder, RequestBuilder};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use reqwest::{Certificate, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

mod jwt;
mod marker;
mod person;
pub mod postgres;
mod receiver;
mod reply;
pub mod serve;

pub use jwt::{AssertionKey, Decoded, claims, decode_with};
pub use marker::{Variant, marker};
pub use person::{Landed, Person, attribute, hidden, values};
pub use receiver::{Received, Receiver};
pub use reply::Reply;

/// The plugins of the guide: each is compiled, and does what it is said to do.
#[cfg(doctest)]
#[doc = include_str!("../../docs/plugins/hooks.md")]
mod hooks_of_the_guide {}

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(90);

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The binary under test: `CLAIMSMITH_BIN`, or the one in the target folder of this build.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("CLAIMSMITH_BIN") {
        return path.into();
    }
    let here = std::env::current_exe().expect("a path");
    let built = here.ancestors().nth(2).expect("target/PROFILE/deps").join("claimsmith");
    assert!(built.exists(), "{} is not built: cargo build --package claimsmith", built.display());
    built
}

/// A built example plugin.
pub fn plugin(name: &str) -> PathBuf {
    let path = root().join(format!("target/plugins/{name}.wasm"));
    assert!(path.exists(), "{} is not built: make plugins", path.display());
    path
}

/// A development server in a folder of its own, stopped when it is dropped or when the test's process ends.
pub struct Dev {
    child: Child,
    stdin: Option<ChildStdin>,
    folder: TempDir,
    output: Mutex<String>,
    /// What it wrote when it was ready.
    pub info: Value,
    /// Speaks HTTPS, trusting its authority.
    pub http: Client,
    admin_token: String,
    metadata: Value,
}

impl Dev {
    /// Starts one with the demo.
    pub fn start() -> Self {
        Self::start_with(&[], &[])
    }

    /// Starts one with further arguments and environment.
    pub fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("claimsmith-").tempdir().expect("a folder");
        // The server ends with us, however we end: `read` returns when our end of the pipe closes.
        let script = r#""$@" & server=$!; read -r _; kill -TERM $server 2>/dev/null; wait $server"#;
        let mut command = Command::new("bash");
        command.args(["-c", script, "bash"]).arg(binary()).args(["dev", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
        command.arg("--data-dir").arg(folder.path().join("var")).args(arguments).envs(environment.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(std::fs::File::create(folder.path().join("log")).expect("a log"));
        let mut child = command.spawn().expect("started");
        let stdin = child.stdin.take().expect("a pipe");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let info_file = folder.path().join("var/dev.json");
        wait_for("dev.json", || {
            let ended = child.try_wait().expect("a status");
            assert!(ended.is_none(), "the server ended: {}", std::fs::read_to_string(folder.path().join("log")).unwrap_or_default());
            info_file.exists()
        });
        let info: Value = serde_json::from_slice(&std::fs::read(&info_file).expect("dev.json")).expect("JSON");
        let mut banner = String::new();
        while !banner.contains("Ctrl-C") && out.read_line(&mut banner).expect("a line") > 0 {}
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        let read = |name: &str| std::fs::read_to_string(info[name].as_str().expect("a path")).expect("a file");
        let http = https(read("ca_file").as_bytes(), |builder| builder);
        let admin_token = read("admin_token_file").trim().to_owned();
        let url = format!("{}/.well-known/openid-configuration", info["issuer"].as_str().expect("an issuer"));
        let metadata = http.get(url).send().expect("an answer").text().expect("text");
        let metadata = serde_json::from_str(&metadata).expect("JSON");
        Self { child, stdin: Some(stdin), folder, output: Mutex::new(banner), info, http, admin_token, metadata }
    }

    /// What it printed when it was ready.
    pub fn banner(&self) -> String {
        self.output.lock().expect("not poisoned").clone()
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).expect("a log")
    }

    /// A folder for the test's files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        self.info["issuer"].as_str().expect("an issuer")
    }

    /// The metadata, as discovered.
    pub const fn metadata(&self) -> &Value {
        &self.metadata
    }

    /// The URL of an endpoint by its metadata member.
    pub fn url(&self, member: &str) -> &str {
        self.metadata[member].as_str().unwrap_or_else(|| panic!("the metadata has no {member}"))
    }

    /// Posts a form to an endpoint, named by its metadata member.
    pub fn post(&self, member: &str, authorization: Option<&str>, form: &str) -> Reply {
        post_form(&self.http, self.url(member), authorization, form)
    }

    /// Asks for a token by client credentials, with `client_secret_basic`.
    pub fn token(&self, client: &Registered, form: &str) -> Reply {
        self.post("token_endpoint", Some(&client.basic()), &format!("grant_type=client_credentials&{form}"))
    }

    /// The demo client.
    pub fn demo(&self) -> Registered {
        let demo = &self.info["demo"];
        let secret = std::fs::read_to_string(demo["client_secret_file"].as_str().expect("a path")).expect("a secret");
        Registered { client_id: demo["client_id"].as_str().expect("an id").to_owned(), client_secret: Some(secret.trim().to_owned()) }
    }

    /// Sends a request to the admin API; `path` is below `/admin/v1`.
    pub fn admin(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Reply {
        let url = format!("{}/admin/v1{path}", self.info["admin_url"].as_str().expect("a URL"));
        let mut request = self.http.request(method, url).bearer_auth(&self.admin_token).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(request)
    }

    /// Posts JSON to the admin API.
    pub fn admin_post(&self, path: &str, body: &Value) -> Reply {
        self.admin(Method::POST, path, &[("content-type", "application/json")], body.to_string().into_bytes())
    }

    /// Uploads a component under a name and makes it the active version. Answers its digest.
    pub fn install(&self, name: &str, component: Vec<u8>) -> String {
        let headers = [("content-type", "application/wasm")];
        let digest = digest_of(&self.admin(Method::POST, &format!("/plugins?name={name}"), &headers, component));
        let activated = self.admin(Method::POST, &format!("/plugins/{name}/versions/{digest}/activate"), &[], Vec::new());
        assert_eq!(activated.status, 200, "{activated:?}");
        digest
    }

    /// Registers a client.
    pub fn register(&self, metadata: &Value) -> Registered {
        Registered::of(&self.admin_post("/clients", metadata))
    }

    /// Registers a client for client credentials with a scope.
    pub fn register_basic(&self, scope: &str) -> Registered {
        self.register(&json!({ "grant_types": ["client_credentials"], "scope": scope }))
    }

    /// Runs a command of the binary against this server.
    pub fn command(&self, arguments: &[&str]) -> Output {
        self.command_with_input(arguments, b"")
    }

    /// The same, with something on standard input.
    pub fn command_with_input(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut command = Command::new(binary());
        command.args(arguments).arg("--data-dir").arg(self.folder.path().join("var")).current_dir(self.folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("started");
        child.stdin.take().expect("a pipe").write_all(input).expect("written");
        child.wait_with_output().expect("finished")
    }

    /// Runs a command with `--json` and reads what it prints; it must succeed.
    pub fn command_json(&self, arguments: &[&str]) -> Value {
        read_json(&self.command(&[arguments, &["--json"]].concat()), arguments)
    }

    /// Verifies a self-contained token against the JWKS and decodes it.
    pub fn decode(&self, token: &str) -> Decoded {
        let jwks = self.http.get(self.url("jwks_uri")).send().expect("an answer").text().expect("text");
        decode_with(&jwks, token)
    }

    /// The process id of the server.
    pub fn pid(&self) -> u32 {
        u32::try_from(self.info["pid"].as_u64().expect("a pid")).expect("a pid")
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
        show_when_panicking(&self.log());
    }
}

/// Shows the end of a server's log when the test has failed.
#[allow(clippy::print_stderr, reason = "a failed test shows the server's log")]
fn show_when_panicking(log: &str) {
    if std::thread::panicking() {
        let from = log.ceil_char_boundary(log.len().saturating_sub(4_000));
        eprintln!("--- the server's log ends with\n{}", &log[from..]);
    }
}

/// A client over HTTPS that trusts one authority, takes no proxy and follows no redirect.
fn https(ca_pem: &[u8], adjust: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
    let ca = Certificate::from_pem(ca_pem).expect("a certificate");
    let builder = Client::builder().add_root_certificate(ca).no_proxy().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
    adjust(builder).build().expect("a client")
}

/// Posts a form.
fn post_form(http: &Client, url: &str, authorization: Option<&str>, form: &str) -> Reply {
    let request = http.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.to_owned());
    send(match authorization {
        Some(value) => request.header(AUTHORIZATION, value),
        None => request,
    })
}

/// What a command with `--json` printed; it must have succeeded.
fn read_json(output: &Output, arguments: &[&str]) -> Value {
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output:?}"))
}

/// A registered client with its secret.
#[derive(Debug, Clone)]
pub struct Registered {
    /// `client_id`.
    pub client_id: String,
    /// `client_secret`, where it has one.
    pub client_secret: Option<String>,
}

impl Registered {
    /// The client of an answer to a registration.
    fn of(reply: &Reply) -> Self {
        assert_eq!(reply.status, 201, "{reply:?}");
        let json = reply.json();
        let text = |name: &str| json[name].as_str().map(str::to_owned);
        Self { client_id: text("client_id").expect("an id"), client_secret: text("client_secret") }
    }

    /// Its `Authorization` header for `client_secret_basic`.
    pub fn basic(&self) -> String {
        basic(&self.client_id, self.client_secret.as_deref().expect("a secret"))
    }
}

/// An `Authorization` header: both halves form-urlencoded, then Base64 (RFC 6749 §2.3.1).
pub fn basic(client_id: &str, secret: &str) -> String {
    basic_raw(format!("{}:{}", encode(client_id), encode(secret)).as_bytes())
}

/// An `Authorization` header of these very bytes.
pub fn basic_raw(pair: &[u8]) -> String {
    format!("Basic {}", jwt::base64(pair))
}

/// A value in a form body.
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// The digest of the version that an upload made or met.
fn digest_of(pushed: &Reply) -> String {
    assert!(matches!(pushed.status, 200 | 201), "{pushed:?}");
    pushed.json()["digest"].as_str().expect("a digest").to_owned()
}

/// Sends a request.
pub fn send(request: RequestBuilder) -> Reply {
    let mut response = request.send().expect("an answer");
    let headers: HeaderMap = response.headers().clone();
    let mut body = Vec::new();
    response.read_to_end(&mut body).expect("a body");
    Reply { status: response.status().as_u16(), headers, body: String::from_utf8_lossy(&body).into_owned() }
}

/// Waits until something is so.
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "still waiting for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
