//! The harness of `claimsmith serve`: the files of an installation in a folder of their own, and nodes that serve from them.
//!
//! A site of `nobody` runs unprivileged even where the tests run as root, as in production; one on the private cluster of the
//! tests runs as ourselves, for that cluster lets nobody else in. Nodes take free ports; the issuer stays
//! the same for all of them, as behind a load balancer, and each node has a client that takes the issuer's name for its own.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use claimsmith_store::testing::TestDatabase;
use reqwest::Method;
use reqwest::blocking::Client;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use tempfile::TempDir;

use crate::postgres::Postgres;
use crate::{Decoded, Registered, Reply, binary, decode_with, digest_of, https, post_form, read_json, send, wait_for};

/// The account of the unprivileged: `nobody` on every distribution that we know.
const NOBODY: &str = "65534";

/// The issuer of every installation.
pub const ISSUER: &str = "https://id.test";

/// Under which account an installation lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Account {
    /// That of the tests.
    Ours,
    /// `nobody`, where we are root; else ours.
    Nobody,
}

/// Whether the tests run as root.
fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    id.stdout.trim_ascii() == b"0"
}

impl Account {
    fn changes(self) -> bool {
        self == Self::Nobody && is_root()
    }

    /// A command under this account, which ends with the thread that started it.
    pub fn command(self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if self.changes() {
            command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--no-new-privs"]);
        }
        command.arg("--").arg(program);
        command
    }

    /// Runs lines of shell in a folder; they must succeed. Answers what they printed.
    pub fn shell(self, folder: &Path, lines: &str) -> String {
        let output =
            self.command(Path::new("/bin/bash")).args(["-euo", "pipefail", "-c", lines]).current_dir(folder).output().expect("a shell");
        assert!(output.status.success(), "{lines}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Makes a folder that only this account can enter.
    pub fn folder(self) -> TempDir {
        let folder = tempfile::Builder::new().prefix("claimsmith-").tempdir().expect("a folder");
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).expect("a folder of ours");
        if self.changes() {
            let nobody = NOBODY.parse().expect("a number");
            std::os::unix::fs::chown(folder.path(), Some(nobody), Some(nobody)).expect("a folder of ours");
        }
        folder
    }
}

/// An installation: certificates, a master key and a configuration.
pub struct Site {
    folder: TempDir,
    account: Account,
}

/// How the operator's guide makes a master key.
pub const MAKE_MASTER_KEY: &str = "(umask 077; openssl rand -hex 32 > master.key)";

/// Makes a certification authority, and a certificate of a name signed by it.
const MAKE_AUTHORITY: &str = r"umask 077
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN=Test CA' -keyout ca.key -out ca.pem";
const MAKE_CERTIFICATE: &str = r"umask 077
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=id.test' -keyout server.key.new -out server.csr
    printf 'subjectAltName=DNS:id.test,DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' > server.ext
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 20 -extfile server.ext -out server.pem.new
    mv server.key.new server.key; mv server.pem.new server.pem";

impl Site {
    /// An installation with certificates and a master key, and no configuration yet.
    pub fn new(account: Account) -> Self {
        let site = Self { folder: account.folder(), account };
        site.shell(MAKE_AUTHORITY);
        site.new_certificate();
        site.shell(MAKE_MASTER_KEY);
        site
    }

    /// One on a database of the tests.
    pub fn on(database: &TestDatabase) -> Self {
        let site = Self::new(Account::Ours);
        site.shell(&format!("(umask 077; printf %s '{}' > db.url)", database.url()));
        site.configure("url_file = \"db.url\"", "");
        site
    }

    /// One on a PostgreSQL of somebody else's, over TLS, under an account without privileges; its database is still empty.
    pub fn with_postgres() -> (Postgres, Self) {
        let site = Self::new(Account::Nobody);
        let postgres = Postgres::start(&site.path("server.pem"), &site.path("server.key"));
        site.shell(&format!("(umask 077; printf '%s\\n' '{}' > db.password)", postgres.password()));
        site.configure_postgres(&postgres, "claimsmith", "");
        (postgres, site)
    }

    /// Writes the configuration for a database on that PostgreSQL.
    pub fn configure_postgres(&self, postgres: &Postgres, database: &str, rest: &str) {
        let url = postgres.url(database, &self.path("ca.pem"));
        self.configure(&format!("url = \"{url}\"\npassword_file = \"db.password\""), rest);
    }

    /// Writes the configuration: the database's lines, and whatever else comes in the end.
    pub fn configure(&self, database: &str, rest: &str) {
        let text = format!(
            "issuer = \"{ISSUER}\"\nstate_dir = \"state\"\n\n[listen]\npublic = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n\n\
             [tls]\ncertificate_file = \"server.pem\"\nkey_file = \"server.key\"\n\n[database]\n{database}\n\n\
             [keys]\nmaster_key_file = \"master.key\"\n{rest}"
        );
        self.write("claimsmith.toml", &text);
    }

    /// Makes a new certificate, signed by the same authority.
    pub fn new_certificate(&self) {
        self.shell(MAKE_CERTIFICATE);
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file of it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes a file that everybody may read.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
        std::fs::set_permissions(self.path(name), PermissionsExt::from_mode(0o644)).expect("a file of ours");
    }

    /// Runs a line of shell in its folder, as the server's account.
    pub fn shell(&self, line: &str) -> String {
        self.account.shell(self.folder(), line)
    }

    /// The command `claimsmith …` as the server's account, with nothing of our own environment that it might heed.
    pub fn claimsmith(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = self.account.command(&binary());
        command.args(arguments).current_dir(self.folder()).env_clear().env("PATH", "/usr/bin:/bin").envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command on the configuration.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.claimsmith(&[arguments, &["--config", "claimsmith.toml"]].concat(), &[]).output().expect("it runs")
    }

    /// Runs a command with `--json`, which must succeed.
    pub fn run_json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        read_json(&output, arguments)
    }

    /// What `serve` says when it must not start; its exit code is 1.
    pub fn refusal(&self, environment: &[(&str, &str)]) -> String {
        let output = self.claimsmith(&["serve", "--config", "claimsmith.toml"], environment).output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{text}");
        text
    }

    /// Makes an administrator's token.
    pub fn admin_token(&self, name: &str) -> String {
        self.run_json(&["admin-token", "create", name])["token"].as_str().expect("a token").to_owned()
    }

    /// Starts a node and waits until it is ready.
    pub fn serve(&self, admin_token: &str, environment: &[(&str, &str)]) -> Node<'_> {
        let log = tempfile::NamedTempFile::new().expect("a log");
        let mut command = self.claimsmith(&["serve", "--config", "claimsmith.toml"], environment);
        command.stdout(Stdio::null()).stderr(log.reopen().expect("a log"));
        let mut child = command.spawn().expect("it starts");
        let mut lines = Vec::new();
        wait_for("a node that is ready", || {
            let text = std::fs::read_to_string(log.path()).expect("a log");
            assert!(child.try_wait().expect("a status").is_none(), "the node ended: {text}");
            lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).collect();
            lines.iter().any(|line| said(line, "message") == Some("ready"))
        });
        let address = |name: &str| -> SocketAddr {
            let found = lines.iter().find(|line| said(line, "listener") == Some(name)).unwrap_or_else(|| panic!("{lines:?}"));
            said(found, "address").expect("an address").parse().expect("an address")
        };
        let (public, admin) = (address("listen.public"), address("listen.admin"));
        let ca = std::fs::read(self.path("ca.pem")).expect("an authority");
        let http = https(&ca, |builder| builder.resolve("id.test", public));
        let (admin_url, admin_token) = (format!("https://localhost:{}", admin.port()), admin_token.to_owned());
        Node { site: self, child, log, http, public, admin_url, admin_token }
    }
}

/// A text of a line of the log.
fn said<'a>(line: &'a Value, member: &str) -> Option<&'a str> {
    line.get(member)?.as_str()
}

/// A node that serves. Killed when it is dropped.
pub struct Node<'a> {
    site: &'a Site,
    child: Child,
    log: tempfile::NamedTempFile,
    /// Speaks HTTPS to this node under the issuer's name, trusting the installation's authority.
    pub http: Client,
    /// Its public listener.
    pub public: SocketAddr,
    /// Its admin API.
    pub admin_url: String,
    admin_token: String,
}

impl Node<'_> {
    /// Its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).expect("a log")
    }

    /// The URL of an endpoint by its metadata member.
    pub fn url(&self, member: &str) -> String {
        let metadata = self.get("/.well-known/openid-configuration").json();
        metadata[member].as_str().unwrap_or_else(|| panic!("the metadata has no {member}")).to_owned()
    }

    /// Asks for a path of the public listener.
    pub fn get(&self, path: &str) -> Reply {
        send(self.http.get(format!("{ISSUER}{path}")))
    }

    /// Posts a form to an endpoint, named by its path.
    pub fn post(&self, path: &str, authorization: Option<&str>, form: &str) -> Reply {
        post_form(&self.http, &format!("{ISSUER}{path}"), authorization, form)
    }

    /// Asks for a token by client credentials.
    pub fn token(&self, client: &Registered, form: &str) -> Reply {
        self.post("/oauth2/token", Some(&client.basic()), &format!("grant_type=client_credentials&{form}"))
    }

    /// Introspects a token as a client.
    pub fn introspect(&self, client: &Registered, token: &str) -> Reply {
        self.post("/oauth2/introspect", Some(&client.basic()), &format!("token={token}"))
    }

    /// Whether a token is active, as a client sees it.
    pub fn is_active(&self, client: &Registered, token: &str) -> bool {
        let reply = self.introspect(client, token);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["active"] == Value::Bool(true)
    }

    /// Verifies a self-contained token against this node's key set.
    pub fn decode(&self, token: &str) -> Decoded {
        decode_with(&self.get("/oauth2/jwks").body, token)
    }

    /// Sends JSON to the admin API; `path` is below `/admin/v1`.
    pub fn admin(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let request = self.http.request(method, format!("{}/admin/v1{path}", self.admin_url)).bearer_auth(&self.admin_token);
        send(match body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_string()),
            None => request,
        })
    }

    /// Uploads a component under a name. Answers its digest.
    pub fn push(&self, name: &str, component: Vec<u8>) -> String {
        let request = self.http.post(format!("{}/admin/v1/plugins?name={name}", self.admin_url)).bearer_auth(&self.admin_token);
        digest_of(&send(request.header(CONTENT_TYPE, "application/wasm").body(component)))
    }

    /// Makes an uploaded version the active one.
    pub fn activate(&self, name: &str, digest: &str) {
        let reply = self.admin(Method::POST, &format!("/plugins/{name}/versions/{digest}/activate"), None);
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    /// Registers a client.
    pub fn register(&self, metadata: &Value) -> Registered {
        Registered::of(&self.admin(Method::POST, "/clients", Some(metadata)))
    }

    /// Runs a command of management against this node.
    pub fn command(&self, arguments: &[&str]) -> Output {
        let ca = self.site.path("ca.pem");
        let environment = [
            ("CLAIMSMITH_ADMIN", self.admin_url.as_str()),
            ("CLAIMSMITH_ADMIN_TOKEN", &self.admin_token),
            ("CLAIMSMITH_CA", ca.to_str().expect("a path")),
        ];
        self.site.claimsmith(arguments, &environment).output().expect("it runs")
    }

    /// The same with `--json`; it must succeed.
    pub fn command_json(&self, arguments: &[&str]) -> Value {
        read_json(&self.command(&[arguments, &["--json"]].concat()), arguments)
    }

    /// Sends a signal such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.child.wait().expect("a status")
    }

    /// Kills it at once.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("a status");
    }
}

impl Drop for Node<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        crate::show_when_panicking(&self.log());
    }
}
