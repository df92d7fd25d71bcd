//! The demo: the example plugins, a client bound to one of them, a resource. Loaded through the admin API, as anybody would.

use std::path::{Path, PathBuf};
use std::time::Instant;

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::write_private;
use crate::admin::Api;
use crate::http::{Arrival, Handler, Peer, RequestId};
use crate::start_fault::StartFault;

/// The example plugins, beside the binary or carried by it.
const PLUGINS: [&str; 4] = ["tenant-claims", "claims-mapper", "scope-guard", "partner-token"];

/// The client of the demo.
pub(super) struct Demo {
    /// `client_id`.
    pub client_id: &'static str,
    /// The file with its secret.
    pub secret_file: PathBuf,
    /// The person who signs in.
    pub user: &'static str,
    /// The file with their password.
    pub password_file: PathBuf,
    /// Whether its plugin was found; without, its tokens carry no claim of a plugin.
    pub has_plugin: bool,
}

/// Loads what is not there yet.
pub(super) async fn load(folder: &Path, api: &Api, token: &str) -> Result<Demo, StartFault> {
    let admin = Admin { api, token };
    let mut has_plugin = false;
    for name in PLUGINS {
        if let Some(component) = find_plugin(name) {
            admin.push(name, component).await?;
            has_plugin |= name == PLUGINS[0];
        }
    }
    admin
        .create("/admin/v1/resources", &json!({ "identifier": "https://api.example", "name": "Demo API", "scopes": ["read", "write"] }))
        .await?;
    let secret_file = folder.join("demo.secret");
    let client = json!({
        "client_id": "demo",
        "client_name": "Demo",
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
        "scope": "read write",
        "default_scope": "read",
        "resources": ["https://api.example"],
        "tags": ["demo"],
        "metadata": { "customer_tier": "gold" },
    });
    let created = admin.create("/admin/v1/clients", &client).await?;
    if let Some(secret) = created.as_ref().and_then(|client| client["client_secret"].as_str()) {
        write_private(&secret_file, format!("{secret}\n").as_bytes())?;
        if has_plugin {
            admin.bind().await?;
        }
    } else if !secret_file.exists() {
        let rotated = admin.call(Method::POST, "/admin/v1/clients/demo/secrets", "", b"{}".to_vec()).await?;
        let rotated: Value = serde_json::from_slice(&rotated.1).unwrap_or_default();
        let secret = rotated["client_secret"].as_str().unwrap_or_default();
        write_private(&secret_file, format!("{secret}\n").as_bytes())?;
    }
    let web = json!({
        "client_id": "demo-web",
        "client_name": "Demo for people",
        "application_type": "native",
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
        "redirect_uris": ["http://127.0.0.1:8400/callback"],
        "scope": "openid profile email offline_access",
        "default_scope": "profile",
        "tags": ["demo"],
    });
    admin.create("/admin/v1/clients", &web).await?;
    let password_file = admin.person(folder, "alice", &json!({ "name": "Alice Doe", "given_name": "Alice", "family_name": "Doe" })).await?;
    admin.person(folder, "bob", &json!({ "name": "Bob Roe", "given_name": "Bob", "family_name": "Roe" })).await?;
    Ok(Demo { client_id: "demo", secret_file, user: "alice", password_file, has_plugin })
}

/// A password that nobody else has, to be typed from a file.
fn fresh_password() -> String {
    let mut bits = [0; 12];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut bits);
    claimsmith_jose::base64url::encode(bits)
}

/// A built plugin: in `plugins` beside the binary's folder, where `make build` puts it.
fn find_plugin(name: &str) -> Option<Vec<u8>> {
    let program = std::env::current_exe().ok()?;
    let folders = program.ancestors().skip(1).take(3).map(|folder| folder.join("plugins").join(format!("{name}.wasm")));
    folders.filter_map(|path| std::fs::read(path).ok()).next()
}

struct Admin<'a> {
    api: &'a Api,
    token: &'a str,
}

impl Admin<'_> {
    /// Creates something; nothing when it is there already.
    async fn create(&self, path: &str, body: &Value) -> Result<Option<Value>, StartFault> {
        let (status, answer) = self.call(Method::POST, path, "", body.to_string().into_bytes()).await?;
        match status {
            StatusCode::CREATED => Ok(serde_json::from_slice(&answer).ok()),
            StatusCode::CONFLICT => Ok(None),
            status => Err(self.fault(path, status, &answer)),
        }
    }

    /// Uploads a plugin and activates it, unless this very version is there already.
    async fn push(&self, name: &str, component: Vec<u8>) -> Result<(), StartFault> {
        let digest = claimsmith_jose::Digest::of(&component).to_hex();
        let version = format!("/admin/v1/plugins/{name}/versions/{digest}");
        let (status, _) = self.call(Method::GET, &version, "", Vec::new()).await?;
        if status == StatusCode::OK {
            return Ok(());
        }
        let (status, answer) = self.call(Method::POST, "/admin/v1/plugins", &format!("name={name}"), component).await?;
        if !status.is_success() {
            return Err(self.fault(name, status, &answer));
        }
        let path = format!("{version}/activate");
        let (status, answer) = self.call(Method::POST, &path, "", Vec::new()).await?;
        if status.is_success() { Ok(()) } else { Err(self.fault(&path, status, &answer)) }
    }

    /// Registers a person with a password of their own, in a file; one whose file is gone gets another.
    async fn person(&self, folder: &Path, name: &str, claims: &Value) -> Result<PathBuf, StartFault> {
        let file = folder.join(format!("{name}.password"));
        let mut claims = claims.clone();
        claims["email"] = json!(format!("{name}@example.org"));
        claims["email_verified"] = json!(true);
        let password = fresh_password();
        let user = json!({ "username": name, "password": password, "claims": claims, "attributes": { "department": "demo" } });
        if self.create("/admin/v1/users", &user).await?.is_none() {
            if file.exists() {
                return Ok(file);
            }
            let path = "/admin/v1/users";
            let (status, answer) = self.call(Method::GET, path, &format!("username={name}"), Vec::new()).await?;
            let found: Value = serde_json::from_slice(&answer).unwrap_or_default();
            let Some(id) = found.pointer("/items/0/user_id").and_then(Value::as_str) else {
                return Err(self.fault(path, status, &answer));
            };
            let path = format!("/admin/v1/users/{id}/password");
            let (status, answer) = self.call(Method::POST, &path, "", json!({ "password": password }).to_string().into_bytes()).await?;
            if !status.is_success() {
                return Err(self.fault(&path, status, &answer));
            }
        }
        write_private(&file, format!("{password}\n").as_bytes())?;
        Ok(file)
    }

    async fn bind(&self) -> Result<(), StartFault> {
        let binding = json!({
            "plugin": "tenant-claims",
            "configuration": { "claims": { "org": "acme" }, "from_metadata": { "tier": "customer_tier" } },
            "permissions": ["claim:org", "claim:tier"],
        });
        self.create("/admin/v1/clients/demo/bindings", &binding).await.map(drop)
    }

    async fn call(&self, method: Method, path: &str, query: &str, body: Vec<u8>) -> Result<(StatusCode, Vec<u8>), StartFault> {
        let broken = |what: &str| StartFault::Demo(format!("{path}: {what}"));
        let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let content_type = if body.starts_with(b"\0asm") { "application/wasm" } else { "application/json" };
        let mut headers = HeaderMap::new();
        headers
            .insert(http::header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", self.token)).map_err(|_| broken("no token"))?);
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        if let Err(answer) = self.api.admit(&method, path, &headers) {
            return Ok((answer.status, answer.body.to_vec()));
        }
        let arrival = Arrival {
            method,
            uri: target.parse().map_err(|_| broken("no URI"))?,
            headers,
            peer: Peer::local(),
            body: body.into(),
            at: Instant::now(),
            id: RequestId::fresh(),
        };
        let answer = self.api.call(arrival).await;
        Ok((answer.status, answer.body.to_vec()))
    }

    fn fault(&self, what: &str, status: StatusCode, answer: &[u8]) -> StartFault {
        StartFault::Demo(format!("{what}: {status}: {}", String::from_utf8_lossy(answer)))
    }
}
