//! The way to a server's admin API.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use claimsmith_jose::Secret;
use clap::Args;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::{Certificate, Method, redirect};
use serde_json::Value;
use url::Url;

use super::failure::Failure;

/// Uploads are compiled and tested before they are answered.
const TIMEOUT: Duration = Duration::from_secs(180);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Largest answer that is read, bytes.
const ANSWER_MAX: u64 = 64 << 20;

/// How a command finds its server.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server")]
pub(super) struct Reach {
    /// URL of the admin API; otherwise that of the development server in --data-dir
    #[arg(long, env = "CLAIMSMITH_ADMIN", value_name = "URL")]
    admin: Option<String>,
    /// Certification authority of the admin API, PEM
    #[arg(long, env = "CLAIMSMITH_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Folder of the development server
    #[arg(long, value_name = "DIR", default_value = "./var")]
    data_dir: PathBuf,
}

/// What a development server says of itself.
#[derive(Debug)]
pub(super) struct DevInfo {
    document: Value,
}

impl DevInfo {
    /// Reads `dev.json`; `None` when no development server is ready there.
    pub(super) fn read(data_dir: &Path) -> Option<Self> {
        let text = std::fs::read(data_dir.join("dev.json")).ok()?;
        Some(Self { document: serde_json::from_slice(&text).ok()? })
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.document.get(name)?.as_str()
    }
}

/// An admin API that can be asked.
pub(super) struct Server {
    client: Client,
    base: String,
    token: Secret<String>,
}

impl Reach {
    /// Finds the server, the token and the certification authority. Asks nothing yet.
    pub(super) fn server(&self) -> Result<Server, Failure> {
        let dev = DevInfo::read(&self.data_dir);
        let dev_url = dev.as_ref().and_then(|dev| dev.text("admin_url"));
        let base = self.admin.as_deref().or(dev_url).ok_or_else(|| {
            let file = self.data_dir.join("dev.json");
            Failure::Unreachable(format!(
                "no server: {} is not there (is `claimsmith dev` running?), and neither --admin nor CLAIMSMITH_ADMIN names one",
                file.display()
            ))
        })?;
        let base = base.trim_end_matches('/').to_owned();
        check_url(&base)?;
        // Security: the development server's token goes to the development server alone.
        let dev = dev.as_ref().filter(|_| dev_url.is_some_and(|url| url.trim_end_matches('/') == base));
        let token = token(dev)?;
        let ca = self.ca.clone().or_else(|| dev.and_then(|dev| dev.text("ca_file")).map(PathBuf::from));
        Ok(Server { client: client(ca.as_deref())?, base, token })
    }
}

/// Security: a bearer token never travels in the clear, save to this machine.
fn check_url(text: &str) -> Result<(), Failure> {
    let usage = |reason: &str| Failure::Usage(format!("the admin URL `{text}` {reason}"));
    let url = Url::parse(text).map_err(|_| usage("is no URL"))?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(()),
        "http" if local => Ok(()),
        "http" => Err(usage("must be https: the token would be readable on the way")),
        _ => Err(usage("must be https")),
    }
}

fn token(dev: Option<&DevInfo>) -> Result<Secret<String>, Failure> {
    if let Ok(token) = std::env::var("CLAIMSMITH_ADMIN_TOKEN") {
        return Ok(Secret::new(token.trim().to_owned()));
    }
    let missing = || Failure::Usage("no admin token: set CLAIMSMITH_ADMIN_TOKEN; `claimsmith admin-token create` makes one".to_owned());
    let path = dev.and_then(|dev| dev.text("admin_token_file")).ok_or_else(missing)?;
    let text = std::fs::read_to_string(path).map_err(|error| Failure::refused(format!("the token file {path} cannot be read: {error}")))?;
    Ok(Secret::new(text.trim().to_owned()))
}

fn client(ca: Option<&Path>) -> Result<Client, Failure> {
    let mut builder = Client::builder()
        .tls_backend_native()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("claimsmith/", env!("CARGO_PKG_VERSION")));
    if let Some(path) = ca {
        let broken = |error: &dyn std::fmt::Display| {
            Failure::refused(format!("the certification authority {} cannot be used: {error}", path.display()))
        };
        let pem = std::fs::read(path).map_err(|error| broken(&error))?;
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| broken(&error))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| Failure::refused(format!("no TLS: {error}")))
}

/// The condition of an update.
#[derive(Debug, Clone, Copy)]
pub(super) enum Condition {
    /// Whatever version there is.
    Any,
    /// This version only.
    Version(i64),
}

impl From<Option<i64>> for Condition {
    fn from(version: Option<i64>) -> Self {
        version.map_or(Self::Any, Self::Version)
    }
}

impl Server {
    /// What is at a path.
    pub(super) fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(self.request(Method::GET, path))
    }

    /// Every element of a list, page after page.
    pub(super) fn list(&self, path: &str, query: &[(&str, &str)], most: Option<usize>) -> Result<Value, Failure> {
        let mut items = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut pairs = form_urlencoded::Serializer::new(String::new());
            pairs.extend_pairs(query.iter().copied());
            pairs.append_pair("limit", &most.map_or(500, |most| most.min(500)).max(1).to_string());
            if let Some(after) = &after {
                pairs.append_pair("after", after);
            }
            let page = self.get(&format!("{path}?{}", pairs.finish()))?;
            items.extend(page.get("items").and_then(Value::as_array).cloned().unwrap_or_default());
            after = page.get("next").and_then(Value::as_str).map(str::to_owned);
            if after.is_none() || most.is_some_and(|most| items.len() >= most) {
                items.truncate(most.unwrap_or(usize::MAX));
                return Ok(serde_json::json!({ "items": items }));
            }
        }
    }

    /// Posts a document, or nothing.
    pub(super) fn post(&self, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let request = self.request(Method::POST, path);
        match body {
            Some(body) => self.send(request.header("content-type", "application/json").body(body.to_string())),
            None => self.send(request.header("content-length", "0")),
        }
    }

    /// Changes what the patch names.
    pub(super) fn patch(&self, path: &str, body: &Value, condition: Condition) -> Result<Value, Failure> {
        let request = self.request(Method::PATCH, path).header("content-type", "application/merge-patch+json").body(body.to_string());
        self.send(conditional(request, condition))
    }

    /// Deletes what is at a path.
    pub(super) fn delete(&self, path: &str, condition: Condition) -> Result<Value, Failure> {
        self.send(conditional(self.request(Method::DELETE, path), condition))
    }

    /// Uploads a component.
    pub(super) fn upload(&self, path: &str, component: Vec<u8>) -> Result<Value, Failure> {
        self.send(self.request(Method::POST, path).header("content-type", "application/wasm").body(component))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/admin/v1{path}", self.base)).bearer_auth(self.token.expose())
    }

    fn send(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let response = request.send().map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let body = read(response).map_err(|error| Failure::Unreachable(format!("the answer of {} broke off: {error}", self.base)))?;
        let document: Option<Value> = if body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(&body).ok() };
        match document {
            Some(document) if status.is_success() => Ok(document),
            Some(problem) if problem.is_object() && status.as_u16() != 503 => Err(Failure::problem(status.as_u16(), problem)),
            Some(problem) if problem.is_object() => {
                let detail = problem.get("detail").and_then(Value::as_str).unwrap_or("try again later").to_owned();
                Err(Failure::Refused { message: format!("unavailable (503): {detail}"), problem: Some(problem) })
            }
            _ => Err(Failure::refused(format!("{} answered {status} with something else than JSON: is that the admin API?", self.base))),
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let mut text = format!("{} cannot be reached: {error}", self.base);
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            text.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        if text.contains("certificate") {
            text.push_str("\nname the certification authority of the admin API with --ca FILE");
        }
        Failure::Unreachable(text)
    }
}

fn conditional(request: RequestBuilder, condition: Condition) -> RequestBuilder {
    match condition {
        Condition::Any => request.header("if-match", "*"),
        Condition::Version(version) => request.header("if-match", format!("\"{version}\"")),
    }
}

fn read(response: Response) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    response.take(ANSWER_MAX).read_to_end(&mut body)?;
    Ok(body)
}

/// A JSON object from a file, or from standard input where the file is `-`.
pub(super) fn read_object(path: &Path) -> Result<serde_json::Map<String, Value>, Failure> {
    match read_json(path)? {
        Value::Object(members) => Ok(members),
        _ => Err(Failure::refused(format!("{} must hold a JSON object", path.display()))),
    }
}

/// JSON from a file, or from standard input where the file is `-`.
pub(super) fn read_json(path: &Path) -> Result<Value, Failure> {
    let broken = |error: &dyn std::fmt::Display| Failure::refused(format!("{}: {error}", path.display()));
    let text = match path.as_os_str().as_encoded_bytes() {
        b"-" => {
            let mut text = Vec::new();
            std::io::stdin().lock().take(ANSWER_MAX).read_to_end(&mut text).map_err(|error| broken(&error))?;
            text
        }
        _ => std::fs::read(path).map_err(|error| broken(&error))?,
    };
    serde_json::from_slice(&text).map_err(|error| broken(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_travel_encrypted_or_not_at_all() {
        for good in ["https://admin.example:8444", "http://localhost:8444", "http://127.0.0.1:1", "http://[::1]:1"] {
            assert!(check_url(good).is_ok(), "{good}");
        }
        for bad in ["http://admin.example", "http://localhost.evil.example", "ftp://x", "admin.example:8444", ""] {
            assert!(matches!(check_url(bad), Err(Failure::Usage(_))), "{bad}");
        }
    }

    #[test]
    fn without_a_server_the_exit_code_is_3() {
        let reach = Reach { admin: None, ca: None, data_dir: PathBuf::from("/nonexistent") };
        assert_eq!(reach.server().map(drop).unwrap_err().code(), 3);
    }
}
