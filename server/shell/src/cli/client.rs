//! `claimsmith client …`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::outcome::Outcome;
use super::reach::{Reach, Server, read_json, read_object};
use crate::admin::segment;

#[derive(Debug, Subcommand)]
pub(super) enum Client {
    /// Register a client and print it, its secret included
    #[command(
        after_help = "Examples:\n  claimsmith client create --file client.json\n  claimsmith client create --id billing --scope \"read write\" --tag gold"
    )]
    Create(Create),
    /// Show a client
    #[command(after_help = "Example:\n  claimsmith client show billing")]
    Show(One),
    /// List clients
    #[command(after_help = "Example:\n  claimsmith client list --tag gold")]
    List(List),
    /// Change some of a client's metadata
    #[command(
        after_help = "Examples:\n  claimsmith client update billing --scope read\n  claimsmith client update billing --disable\n  claimsmith client update billing --file patch.json"
    )]
    Update(Update),
    /// Delete a client with its secrets and bindings
    #[command(after_help = "Example:\n  claimsmith client delete billing")]
    Delete(One),
    /// End every grant and every access token that a client was given until now
    #[command(after_help = "Example:\n  claimsmith client end-everything billing")]
    EndEverything(One),
    /// Give a client a new secret and print it; older ones end
    #[command(after_help = "Example:\n  claimsmith client rotate-secret billing --keep-old-for 3600")]
    RotateSecret(RotateSecret),
    /// Bind a plugin to a client, to a tag or to every client
    #[command(
        after_help = "Examples:\n  claimsmith client bind billing tenant-claims --config claims.json --allow claim:org\n  claimsmith client bind --tag gold scope-guard --on-failure skip\n  claimsmith client bind --all tenant-claims@3fb2c1d4e5f6"
    )]
    Bind(Bind),
    /// Remove a binding
    #[command(after_help = "Examples:\n  claimsmith client unbind billing tenant-claims\n  claimsmith client unbind --binding 7")]
    Unbind(Unbind),
    /// Show the bindings that a client's tokens meet, in their order
    #[command(after_help = "Examples:\n  claimsmith client bindings billing\n  claimsmith client bindings --tag gold")]
    Bindings(Bindings),
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// The client's id
    client: String,
    #[command(flatten)]
    reach: Reach,
}

/// Metadata that has an option of its own; everything has a member in the file.
#[derive(Debug, Args)]
struct Metadata {
    /// Name for people
    #[arg(long)]
    name: Option<String>,
    /// What the client may ask for, separated by spaces
    #[arg(long)]
    scope: Option<String>,
    /// What it gets when it asks for nothing
    #[arg(long)]
    default_scope: Option<String>,
    /// How it authenticates
    #[arg(long, value_name = "METHOD")]
    auth_method: Option<String>,
    /// File with its public keys (JWK set)
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// Where its public keys are fetched
    #[arg(long, value_name = "URL")]
    jwks_uri: Option<String>,
    /// A grant it may use; may be repeated
    #[arg(long = "grant", value_name = "GRANT")]
    grants: Vec<String>,
    /// A resource it may ask for; may be repeated
    #[arg(long = "resource", value_name = "URI")]
    resources: Vec<String>,
    /// A tag; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// File with custom metadata, which plugins read
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
    /// Form of its access tokens
    #[arg(long, value_name = "jwt|opaque")]
    token_format: Option<String>,
    /// Lifetime of its access tokens
    #[arg(long, value_name = "SECONDS")]
    token_lifetime: Option<u32>,
}

impl Metadata {
    /// Lays the options over a document.
    fn lay_over(&self, body: &mut Map<String, Value>) -> Result<(), Failure> {
        let texts = [
            ("client_name", &self.name),
            ("scope", &self.scope),
            ("default_scope", &self.default_scope),
            ("token_endpoint_auth_method", &self.auth_method),
            ("jwks_uri", &self.jwks_uri),
            ("access_token_format", &self.token_format),
        ];
        for (name, text) in texts {
            body.extend(text.as_ref().map(|text| (name.to_owned(), json!(text))));
        }
        for (name, list) in [("grant_types", &self.grants), ("resources", &self.resources), ("tags", &self.tags)] {
            body.extend((!list.is_empty()).then(|| (name.to_owned(), json!(list))));
        }
        for (name, file) in [("jwks", &self.jwks), ("metadata", &self.metadata)] {
            if let Some(file) = file {
                body.insert(name.to_owned(), read_json(file)?);
            }
        }
        if let Some(seconds) = self.token_lifetime {
            body.insert("lifetimes".to_owned(), json!({ "access_token": seconds }));
        }
        Ok(())
    }
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// JSON of the client, posted as it is; `-` reads standard input
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The client's id; made by the server when left out
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    metadata: Metadata,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only clients with this tag
    #[arg(long)]
    tag: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct Update {
    /// The client's id
    client: String,
    /// JSON merge patch: members to set, null for those to remove; `-` reads standard input
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Let it in again
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Answer it like an unknown client, and end its tokens
    #[arg(long)]
    disable: bool,
    /// Only if the client still has this version
    #[arg(long, value_name = "VERSION")]
    if_version: Option<i64>,
    #[command(flatten)]
    metadata: Metadata,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct RotateSecret {
    /// The client's id
    client: String,
    /// Seconds for which older secrets stay good
    #[arg(long, value_name = "SECONDS")]
    keep_old_for: Option<u32>,
    /// When the new secret expires, seconds since 1970
    #[arg(long, value_name = "INSTANT")]
    expires_at: Option<i64>,
    /// File with a secret to bring in, instead of a generated one
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnFailure {
    /// The request fails
    Refuse,
    /// The token is made without the plugin
    Skip,
}

#[derive(Debug, Args)]
pub(super) struct Target {
    /// Every client with this tag, instead of one client
    #[arg(long, conflicts_with = "all")]
    tag: Option<String>,
    /// Every client
    #[arg(long)]
    all: bool,
}

impl Target {
    /// The path of the target's bindings, and the words that are left.
    fn path<'w>(&self, words: &'w [String]) -> Result<(String, &'w [String]), Failure> {
        match (&self.tag, self.all, words) {
            (Some(tag), _, words) => Ok((format!("/tags/{}/bindings", segment(tag)), words)),
            (None, true, words) => Ok(("/all/bindings".to_owned(), words)),
            (None, false, [client, words @ ..]) => Ok((format!("/clients/{}/bindings", segment(client)), words)),
            (None, false, []) => Err(Failure::Usage("name a client, or say --tag TAG or --all".to_owned())),
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct Bind {
    /// The client, unless --tag or --all says for whom; and the plugin, PLUGIN or PLUGIN@DIGEST to pin a version
    #[arg(required = true, num_args = 1..=2, value_names = ["CLIENT", "PLUGIN[@DIGEST]"])]
    words: Vec<String>,
    #[command(flatten)]
    target: Target,
    /// File with the binding's configuration, JSON
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What the plugin may touch, such as claim:org, scope:read, lifetime:3600; may be repeated
    #[arg(long = "allow", value_name = "PERMISSION")]
    allow: Vec<String>,
    /// What happens when the plugin fails
    #[arg(long)]
    on_failure: Option<OnFailure>,
    /// Its place: lower runs earlier
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    position: Option<i32>,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct Unbind {
    /// The client, unless --tag or --all says for whom; and the plugin
    #[arg(num_args = 0..=2, value_names = ["CLIENT", "PLUGIN"])]
    words: Vec<String>,
    #[command(flatten)]
    target: Target,
    /// The binding's number, instead of client and plugin
    #[arg(long, value_name = "N", conflicts_with = "words")]
    binding: Option<i64>,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct Bindings {
    /// The client's id
    #[arg(num_args = 0..=1, value_name = "CLIENT")]
    words: Vec<String>,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    reach: Reach,
}

impl Client {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        match self {
            Self::Create(create) => create.run(),
            Self::Show(one) => Ok(card(one.reach.server()?.get(&path_of(&one.client))?)),
            Self::List(list) => list.run(),
            Self::Update(update) => update.run(),
            Self::Delete(one) => {
                one.reach.server()?.delete(&path_of(&one.client), None.into())?;
                Ok(Outcome::new(json!({ "client_id": one.client, "deleted": true }), format!("client {} is deleted", one.client)))
            }
            Self::EndEverything(one) => {
                one.reach.server()?.post(&format!("{}/end_everything", path_of(&one.client)), None)?;
                let said = format!("everything of {} is ended", one.client);
                Ok(Outcome::new(json!({ "client_id": one.client, "ended": "everything" }), said))
            }
            Self::RotateSecret(rotate) => rotate.run(),
            Self::Bind(bind) => bind.run(),
            Self::Unbind(unbind) => unbind.run(),
            Self::Bindings(bindings) => bindings.run(),
        }
    }
}

fn path_of(client: &str) -> String {
    format!("/clients/{}", segment(client))
}

fn card(document: Value) -> Outcome {
    let shown = document.get("client_secret").is_some();
    let outcome = Outcome::card(document);
    if shown { outcome.note("\nThe secret is shown this once.") } else { outcome }
}

impl Create {
    fn run(self) -> Result<Outcome, Failure> {
        let mut body = self.file.as_deref().map(read_object).transpose()?.unwrap_or_default();
        body.extend(self.id.map(|id| ("client_id".to_owned(), json!(id))));
        self.metadata.lay_over(&mut body)?;
        Ok(card(self.reach.server()?.post("/clients", Some(&Value::Object(body)))?))
    }
}

impl List {
    fn run(self) -> Result<Outcome, Failure> {
        let query: Vec<(&str, &str)> = self.tag.iter().map(|tag| ("tag", tag.as_str())).collect();
        let clients = self.reach.server()?.list("/clients", &query, self.limit)?;
        Ok(Outcome::list(clients, &["client_id", "client_name", "enabled", "token_endpoint_auth_method", "scope", "tags"]))
    }
}

impl Update {
    fn run(self) -> Result<Outcome, Failure> {
        let mut body = self.file.as_deref().map(read_object).transpose()?.unwrap_or_default();
        self.metadata.lay_over(&mut body)?;
        if self.enable || self.disable {
            body.insert("enabled".to_owned(), json!(self.enable));
        }
        if body.is_empty() {
            return Err(Failure::Usage("nothing to change: see `claimsmith client update --help`".to_owned()));
        }
        Ok(card(self.reach.server()?.patch(&path_of(&self.client), &Value::Object(body), self.if_version.into())?))
    }
}

impl RotateSecret {
    fn run(self) -> Result<Outcome, Failure> {
        let mut body = Map::new();
        body.extend(self.keep_old_for.map(|seconds| ("keep_old_for".to_owned(), json!(seconds))));
        body.extend(self.expires_at.map(|at| ("client_secret_expires_at".to_owned(), json!(at))));
        if let Some(path) = &self.secret_file {
            let secret = std::fs::read_to_string(path).map_err(|error| Failure::refused(format!("{}: {error}", path.display())))?;
            body.insert("client_secret".to_owned(), json!(secret.trim_end_matches(['\r', '\n'])));
        }
        let path = format!("{}/secrets", path_of(&self.client));
        Ok(card(self.reach.server()?.post(&path, Some(&Value::Object(body)))?))
    }
}

/// A plugin's name, and the version it is pinned to. `@active` pins none: it is what an unpinned binding follows.
fn split(plugin: &str) -> (&str, Option<&str>) {
    match plugin.split_once('@') {
        Some((name, "active")) => (name, None),
        Some((name, digest)) => (name, Some(digest)),
        None => (plugin, None),
    }
}

impl Bind {
    fn run(self) -> Result<Outcome, Failure> {
        let (path, words) = self.target.path(&self.words)?;
        let [plugin] = words else { return Err(Failure::Usage("name one plugin, after the client".to_owned())) };
        let (name, digest) = split(plugin);
        let mut body = json!({ "plugin": name, "permissions": self.allow });
        if let Some(digest) = digest {
            body["digest"] = json!(digest);
        }
        if let Some(file) = &self.config {
            body["configuration"] = read_json(file)?;
        }
        if let Some(policy) = self.on_failure {
            body["on_failure"] = json!(match policy {
                OnFailure::Refuse => "refuse",
                OnFailure::Skip => "skip",
            });
        }
        if let Some(position) = self.position {
            body["position"] = json!(position);
        }
        Ok(Outcome::card(self.reach.server()?.post(&path, Some(&body))?))
    }
}

/// The numbers of the bindings of a target that bind a plugin.
fn bound(server: &Server, path: &str, client: bool, plugin: &str) -> Result<Vec<i64>, Failure> {
    let list = server.list(path, &[], None)?;
    let items = list.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    // The bindings of a client show those of its tags and of all too.
    let own = |item: &&Value| !client || item.pointer("/target/kind") == Some(&json!("client"));
    let named = items.iter().filter(own).filter(|item| item.get("plugin") == Some(&json!(plugin)));
    Ok(named.filter_map(|item| item.get("id")?.as_i64()).collect())
}

impl Unbind {
    fn run(self) -> Result<Outcome, Failure> {
        let server = self.reach.server()?;
        let ids = match self.binding {
            Some(id) => vec![id],
            None => {
                let (path, words) = self.target.path(&self.words)?;
                let [plugin] = words else { return Err(Failure::Usage("name one plugin, after the client; or --binding N".to_owned())) };
                let ids = bound(&server, &path, path.starts_with("/clients/"), plugin)?;
                if ids.is_empty() {
                    return Err(Failure::refused(format!("`{plugin}` is not bound there")));
                }
                ids
            }
        };
        for id in &ids {
            server.delete(&format!("/bindings/{id}"), None.into())?;
        }
        Ok(Outcome::new(json!({ "removed": ids }), format!("{} removed", if ids.len() == 1 { "binding" } else { "bindings" })))
    }
}

impl Bindings {
    fn run(self) -> Result<Outcome, Failure> {
        let (path, words) = self.target.path(&self.words)?;
        if !words.is_empty() {
            return Err(Failure::Usage("say either a client or --tag or --all".to_owned()));
        }
        let list = self.reach.server()?.list(&path, &[], None)?;
        Ok(Outcome::list(list, &["id", "target.kind", "target.tag", "plugin", "position", "on_failure", "permissions", "digest"]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_may_be_pinned() {
        assert_eq!(split("tenant"), ("tenant", None));
        assert_eq!(split("tenant@active"), ("tenant", None));
        assert_eq!(split("tenant@0123abcd"), ("tenant", Some("0123abcd")));
    }

    #[test]
    fn targets_take_their_words() {
        let words = ["a b".to_owned(), "tenant".to_owned()];
        let target = |tag: Option<&str>, all| Target { tag: tag.map(str::to_owned), all };
        assert_eq!(target(None, false).path(&words).unwrap(), ("/clients/a%20b/bindings".to_owned(), &words[1..]));
        assert_eq!(target(Some("gold"), false).path(&words).unwrap(), ("/tags/gold/bindings".to_owned(), &words[..]));
        assert_eq!(target(None, true).path(&words[1..]).unwrap().0, "/all/bindings");
        assert_eq!(target(None, false).path(&[]).unwrap_err().code(), 2);
    }
}
