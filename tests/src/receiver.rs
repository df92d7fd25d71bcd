//! A client's server, as the server under test calls it: HTTPS on loopback, and a memory of what came.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::{Arc, Mutex};

use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};
use tempfile::TempDir;

/// A request that came.
#[derive(Debug, Clone)]
pub struct Received {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The header, its names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// What answers: status line and headers, or nothing at all, for ever. The second argument counts the requests of this path before.
type Script = fn(&str, usize) -> Option<String>;

/// The server. It runs until the tests' process ends.
pub struct Receiver {
    address: SocketAddr,
    files: TempDir,
    received: Arc<Mutex<Vec<Received>>>,
    documents: Documents,
}

/// What stands at a path: its type, and what it is.
type Documents = Arc<Mutex<HashMap<String, (String, String)>>>;

const MAKE: &str = r"umask 077
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN=Receiver CA' -keyout ca.key -out ca.pem
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=localhost' -keyout server.key -out server.csr
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' > server.ext
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 20 -extfile server.ext -out server.pem";

impl Receiver {
    /// Starts one that answers by `script`.
    pub fn start(script: Script) -> Self {
        let files = tempfile::tempdir().expect("a folder");
        let made = Command::new("bash").args(["-euo", "pipefail", "-c", MAKE]).current_dir(files.path()).output().expect("a shell");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("TLS");
        acceptor.set_private_key_file(files.path().join("server.key"), SslFiletype::PEM).expect("a key");
        acceptor.set_certificate_chain_file(files.path().join("server.pem")).expect("a certificate");
        let acceptor = Arc::new(acceptor.build());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let documents = Documents::default();
        let (memory, shelf) = (Arc::clone(&received), Arc::clone(&documents));
        std::thread::spawn(move || {
            for tcp in listener.incoming().flatten() {
                let (acceptor, memory, shelf) = (Arc::clone(&acceptor), Arc::clone(&memory), Arc::clone(&shelf));
                std::thread::spawn(move || {
                    let Ok(mut stream) = acceptor.accept(tcp) else { return };
                    let Some(request) = read(&mut stream) else { return };
                    let before = {
                        let mut memory = memory.lock().expect("not poisoned");
                        let before = memory.iter().filter(|held| held.path == request.path).count();
                        memory.push(request.clone());
                        before
                    };
                    let document = shelf.lock().expect("not poisoned").get(&request.path).cloned();
                    if let Some((kind, body)) = document {
                        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}", body.len());
                        let _ = write!(stream, "{head}\r\nConnection: close\r\n\r\n{body}");
                        let _ = stream.shutdown();
                        return;
                    }
                    match script(&request.path, before) {
                        Some(head) => {
                            let _ = write!(stream, "HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                            let _ = stream.shutdown();
                        }
                        None => loop {
                            std::thread::park();
                        },
                    }
                });
            }
        });
        Self { address, files, received, documents }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }

    /// Puts a document at a path; it goes before the script.
    pub fn serve(&self, path: &str, kind: &str, body: &str) {
        self.documents.lock().expect("not poisoned").insert(path.to_owned(), (kind.to_owned(), body.to_owned()));
    }

    /// Takes a document away: the script answers again.
    pub fn withdraw(&self, path: &str) {
        self.documents.lock().expect("not poisoned").remove(path);
    }

    /// The file of the authority that its certificate is from.
    pub fn ca_file(&self) -> String {
        self.files.path().join("ca.pem").display().to_string()
    }

    /// What came for a path so far.
    pub fn received(&self, path: &str) -> Vec<Received> {
        self.received.lock().expect("not poisoned").iter().filter(|held| held.path == path).cloned().collect()
    }
}

impl Received {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }

    /// The value of a field of the form in the body.
    pub fn field(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.body.as_bytes()).find(|(held, _)| held == name).map(|(_, value)| value.into_owned())
    }
}

fn read(stream: &mut impl Read) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received { method, path, headers, body: String::from_utf8(body).ok()? })
}
