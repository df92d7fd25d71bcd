//! The admin API as the bench needs it.

use base64::Engine;
use reqwest::blocking::Client;
use reqwest::{Certificate, Method};
use serde_json::{Value, json};
use std::time::Duration;

use crate::sample;

/// Speaks to one server's admin API.
#[derive(Clone)]
pub struct Admin {
    http: Client,
    url: String,
    token: String,
}

/// A registered client.
#[derive(Debug, Clone)]
pub struct Registered {
    /// `client_id`.
    pub id: String,
    /// `client_secret`, empty where it has none.
    pub secret: String,
}

impl Registered {
    /// `Authorization` of `client_secret_basic`; generated identifiers and secrets need no encoding inside.
    pub fn basic(&self) -> String {
        basic(&self.id, &self.secret)
    }
}

/// `Authorization` of `client_secret_basic`.
pub fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}")))
}

impl Admin {
    /// Speaks to this URL with this token, trusting this authority.
    ///
    /// # Panics
    /// When the certificate is none.
    pub fn new(url: &str, token: &str, ca: &[u8]) -> Self {
        let ca = Certificate::from_pem(ca).expect("a certificate");
        let http = Client::builder().add_root_certificate(ca).no_proxy().timeout(Duration::from_secs(60)).build().expect("a client");
        Self { http, url: url.to_owned(), token: token.to_owned() }
    }

    fn send(&self, method: Method, path: &str, kind: &str, body: Vec<u8>) -> String {
        let request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        let answer = request.header("content-type", kind).body(body).send().expect("an answer");
        let status = answer.status();
        let text = answer.text().expect("text");
        assert!(status.is_success(), "{path}: {status} {text}");
        text
    }

    /// Posts JSON.
    ///
    /// # Panics
    /// When it is refused.
    pub fn post(&self, path: &str, body: &Value) -> Value {
        let text = self.send(Method::POST, path, "application/json", body.to_string().into_bytes());
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Registers a client with the sample's scope and metadata, and what is in `further`.
    ///
    /// # Panics
    /// When it is refused.
    pub fn register(&self, further: &Value) -> Registered {
        let metadata: Value = serde_json::from_str(sample::METADATA).expect("JSON");
        let mut body = json!({ "scope": sample::SCOPE, "metadata": metadata, "grant_types": ["client_credentials"] });
        let members = body.as_object_mut().expect("an object");
        members.extend(further.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
        let answer = self.post("/admin/v1/clients", &body);
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        Registered { id: text("client_id"), secret: text("client_secret") }
    }

    /// Registers many clients over some connections at once.
    ///
    /// # Panics
    /// When one is refused.
    pub fn register_many(&self, count: usize, further: impl Fn(usize) -> Value + Sync) -> Vec<Registered> {
        const THREADS: usize = 8;
        let (further, mut clients) = (&further, Vec::with_capacity(count));
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|first| {
                    scope.spawn(move || (first..count).step_by(THREADS).map(|number| self.register(&further(number))).collect::<Vec<_>>())
                })
                .collect();
            for thread in threads {
                clients.extend(thread.join().expect("registered"));
            }
        });
        clients
    }

    /// Uploads a component under a name and makes it the active version.
    ///
    /// # Panics
    /// When it is refused.
    pub fn push(&self, name: &str, component: Vec<u8>) {
        let path = format!("/admin/v1/plugins?name={name}");
        let answer: Value = serde_json::from_str(&self.send(Method::POST, &path, "application/wasm", component)).expect("JSON");
        let digest = answer["digest"].as_str().expect("a digest");
        let path = format!("/admin/v1/plugins/{name}/versions/{digest}/activate");
        // Every live node has to have compiled it; they look four times a second.
        for attempt in 0.. {
            let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token);
            let answer = request.send().expect("an answer");
            let status = answer.status();
            if status.is_success() {
                return;
            }
            assert!(status == 409 && attempt < 100, "{path}: {status} {}", answer.text().unwrap_or_default());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Posts a form to another endpoint of the same server.
    ///
    /// # Panics
    /// When it is refused.
    pub fn form(&self, url: &str, authorization: &str, form: &str) -> Value {
        let request = self.http.post(url).header("authorization", authorization);
        let answer = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned()).send().expect("an answer");
        let text = answer.text().expect("text");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The value of a metric without labels.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.send(Method::GET, "/metrics", "text/plain", Vec::new());
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or_else(|| panic!("there is no metric {name}"))
    }
}

/// A binding of a plugin with the sample's configuration.
///
/// # Panics
/// Never: the sample is well formed.
pub fn binding(plugin: &str) -> Value {
    let configuration: Value = serde_json::from_str(sample::CONFIGURATION).expect("JSON");
    json!({ "plugin": plugin, "configuration": configuration, "permissions": sample::PERMISSIONS })
}
