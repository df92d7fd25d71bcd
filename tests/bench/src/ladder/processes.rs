//! The processes of a run: servers, loads, parts. Each ends when its handle is dropped.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::admin::Admin;
use crate::load::{Plan, Report};

/// How long a server may take to be ready.
const PATIENCE: Duration = Duration::from_secs(120);

/// A program of the release build.
///
/// # Panics
/// When this program has no folder.
pub fn program(name: &str) -> PathBuf {
    std::env::current_exe().expect("a path").parent().expect("a folder").join(name)
}

/// Runs a load in a process of its own.
///
/// # Panics
/// When it breaks off.
pub fn load(plan: &Plan) -> Report {
    start_load(plan).finish()
}

/// A load that is under way.
pub struct Load(Child);

/// Starts a load.
///
/// # Panics
/// When there is no such program.
pub fn start_load(plan: &Plan) -> Load {
    let mut command = Command::new(program("bench-load"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("bench-load");
    let text = serde_json::to_vec(plan).expect("JSON");
    child.stdin.take().expect("a pipe").write_all(&text).expect("written");
    Load(child)
}

impl Load {
    /// Waits for its end.
    ///
    /// # Panics
    /// When it broke off.
    pub fn finish(self) -> Report {
        let output = self.0.wait_with_output().expect("ended");
        serde_json::from_slice(&output.stdout).expect("the load broke off")
    }
}

/// Runs `bench-parts` and reads what it prints.
///
/// # Panics
/// When it fails.
pub fn parts(arguments: &[&str]) -> Value {
    let output = Command::new(program("bench-parts")).args(arguments).stderr(Stdio::inherit()).output().expect("bench-parts");
    assert!(output.status.success(), "bench-parts {arguments:?} failed");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The door alone, serving.
pub struct Door {
    child: Child,
    _stdin: ChildStdin,
    /// Where it listens.
    pub addr: String,
    /// Its process.
    pub pid: u32,
}

impl Door {
    /// Opens one with this certificate.
    ///
    /// # Panics
    /// When it cannot.
    pub fn open(workers: usize, tls: &Path) -> Self {
        let mut command = Command::new(program("bench-parts"));
        command.args(["door", &workers.to_string()]).arg(tls.join("server.pem")).arg(tls.join("server.key"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("bench-parts");
        let stdin = child.stdin.take().expect("a pipe");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let info: Value = serde_json::from_str(&line).expect("JSON");
        let pid = child.id();
        Self { child, _stdin: stdin, addr: info["addr"].as_str().expect("an address").to_owned(), pid }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub addr: String,
    /// What `Host` says.
    pub host: String,
    /// From its start to its first ready answer.
    pub started_in: Duration,
}

/// A development server with its files.
pub struct Dev {
    /// The server.
    pub server: Server,
    /// What it wrote when it was ready.
    pub info: Value,
}

impl Dev {
    /// Starts one in a folder, with the log as in production.
    ///
    /// # Panics
    /// When it does not get ready.
    pub fn start(folder: &Path) -> Self {
        let var = folder.join("var");
        let log = File::create(folder.join("dev.log")).expect("a log");
        let mut command = Command::new(program("claimsmith"));
        command.args(["dev", "--no-demo", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir"]).arg(&var);
        command.env("CLAIMSMITH_LOG__LEVEL", "info").env("CLAIMSMITH_LOG__FORMAT", "json");
        command.env("CLAIMSMITH_SIGNING__ALGS", "ES256,ES384,ES512,RS256,PS256,PS384,PS512,EdDSA");
        let begun = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("claimsmith");
        let file = var.join("dev.json");
        let info = loop {
            if let Some(info) = std::fs::read(&file).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok()) {
                break info;
            }
            assert!(child.try_wait().expect("a status").is_none(), "the server ended: {}", log_end(folder));
            assert!(begun.elapsed() < PATIENCE, "the server does not get ready: {}", log_end(folder));
            std::thread::sleep(Duration::from_millis(2));
        };
        let issuer = info["issuer"].as_str().expect("an issuer");
        let host = issuer.trim_start_matches("https://").to_owned();
        let addr = host.replace("localhost", "127.0.0.1");
        Self { server: Server { child, addr, host, started_in: begun.elapsed() }, info }
    }

    /// Its admin API.
    ///
    /// # Panics
    /// When its files are not there.
    pub fn admin(&self) -> Admin {
        let read = |name: &str| std::fs::read_to_string(self.text(name)).expect("a file");
        Admin::new(self.text("admin_url"), read("admin_token_file").trim(), read("ca_file").as_bytes())
    }

    /// A member of what it wrote.
    ///
    /// # Panics
    /// When there is none.
    pub fn text(&self, name: &str) -> &str {
        self.info[name].as_str().unwrap_or_else(|| panic!("dev.json has no {name}"))
    }

    /// The one number that a query answers.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub fn sql(&self, query: &str) -> f64 {
        let output = Command::new("psql").args(["-X", "-A", "-t", "-c", query, self.text("database_url")]).output().expect("psql");
        let text = String::from_utf8_lossy(&output.stdout);
        text.trim().parse().unwrap_or_else(|_| panic!("{query}: {text} {}", String::from_utf8_lossy(&output.stderr)))
    }
}

fn log_end(folder: &Path) -> String {
    let mut text = String::new();
    let _ = File::open(folder.join("dev.log")).and_then(|mut file| file.read_to_string(&mut text));
    let from = text.len().saturating_sub(2_000);
    text[text.ceil_char_boundary(from)..].to_owned()
}

impl Server {
    /// Starts a second node on the database, keys and certificate of a development server.
    ///
    /// # Panics
    /// When it does not get ready.
    pub fn second(dev: &Dev, folder: &Path, workers: usize) -> Self {
        let (public, admin) = (free_port(), free_port());
        let var = folder.join("var");
        let log = File::create(folder.join("node.log")).expect("a log");
        let state = folder.join("node");
        std::fs::create_dir_all(&state).expect("a folder");
        let config = folder.join("node.toml");
        let text = format!(
            "issuer = {issuer:?}\nstate_dir = {state:?}\n[listen]\npublic = \"127.0.0.1:{public}\"\nadmin = \"127.0.0.1:{admin}\"\n\
             [tls]\ncertificate_file = {certificate:?}\nkey_file = {key:?}\n[database]\nurl = {url:?}\n\
             [keys]\nmaster_key_file = {master:?}\n[signing]\npublish_before_use = \"0 s\"\n\
             algs = [\"ES256\", \"ES384\", \"ES512\", \"RS256\", \"PS256\", \"PS384\", \"PS512\", \"EdDSA\"]\n[workers]\nthreads = {workers}\n",
            issuer = dev.text("issuer"),
            certificate = var.join("tls/server.pem"),
            key = var.join("tls/server.key"),
            url = dev.text("database_url"),
            master = var.join("master.key"),
        );
        std::fs::write(&config, text).expect("a configuration");
        let mut command = Command::new(program("claimsmith"));
        command.arg("serve").arg("--config").arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let begun = Instant::now();
        let mut child = command.spawn().expect("claimsmith");
        let (addr, host) = (format!("127.0.0.1:{public}"), dev.server.host.clone());
        while !is_ready(&addr, &host) {
            if child.try_wait().expect("a status").is_some() || begun.elapsed() > PATIENCE {
                panic!("the second node: {}", std::fs::read_to_string(folder.join("node.log")).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Self { child, addr, host, started_in: begun.elapsed() }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    /// Asks it to end, as an operator would, and waits.
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(40) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// Whether `/health/ready` says yes.
fn is_ready(addr: &str, host: &str) -> bool {
    use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
    let ask = || -> Option<bool> {
        let mut connector = SslConnector::builder(SslMethod::tls_client()).ok()?;
        connector.set_verify(SslVerifyMode::NONE);
        let tcp = std::net::TcpStream::connect(addr).ok()?;
        let mut stream = connector.build().configure().ok()?.verify_hostname(false).connect("localhost", tcp).ok()?;
        write!(stream, "GET /health/ready HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").ok()?;
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text);
        Some(text.starts_with("HTTP/1.1 200"))
    };
    ask().unwrap_or(false)
}
