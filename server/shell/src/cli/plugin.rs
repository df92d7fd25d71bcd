//! `claimsmith plugin …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::failure::Failure;
use super::outcome::Outcome;
use super::plugin_local::{self, Build, Inspect, Test};
use super::reach::Reach;
use super::{plugin_new, table};
use crate::admin::segment;

#[derive(Debug, Subcommand)]
pub(super) enum Plugin {
    /// Write a new plugin project: it needs Rust and nothing of ours
    #[command(after_help = "Example:\n  claimsmith plugin new my-claims && cd my-claims && claimsmith plugin test")]
    New {
        /// The plugin's name: a-z, 0-9 and hyphens
        name: String,
        /// Where to write it; a folder of that name when left out
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Build a plugin project
    #[command(after_help = "Example:\n  claimsmith plugin build")]
    Build(Build),
    /// Run a plugin's fixtures in the real sandbox, here and offline
    #[command(after_help = "Examples:\n  claimsmith plugin test\n  claimsmith plugin test my_claims.wasm --fixtures more.json")]
    Test(Test),
    /// Tell what a component is: hooks, imports, limits, warnings
    #[command(after_help = "Example:\n  claimsmith plugin inspect my_claims.wasm")]
    Inspect(Inspect),
    /// Upload a version; nothing runs it before it is activated
    #[command(after_help = "Examples:\n  claimsmith plugin push my_claims.wasm\n  claimsmith plugin push my_claims.wasm --channel active")]
    Push(Push),
    /// List plugins
    #[command(after_help = "Example:\n  claimsmith plugin list")]
    List {
        #[command(flatten)]
        reach: Reach,
    },
    /// Show a plugin and its versions
    #[command(after_help = "Example:\n  claimsmith plugin show my-claims")]
    Show(One),
    /// Make a version the active one, on every node at once
    #[command(after_help = "Examples:\n  claimsmith plugin activate my-claims\n  claimsmith plugin activate my-claims 3fb2c1d4e5f6")]
    Activate {
        /// The plugin's name
        name: String,
        /// The version's digest, which may be shortened; the latest upload when left out
        digest: Option<String>,
        /// Even if it cannot read the configuration of a binding
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        reach: Reach,
    },
    /// Go back to the version that was active before
    #[command(after_help = "Example:\n  claimsmith plugin rollback my-claims")]
    Rollback {
        #[command(flatten)]
        one: One,
        /// Even if it cannot read the configuration of a binding
        #[arg(long)]
        force: bool,
    },
    /// Disable a version, or the plugin as a whole
    #[command(after_help = "Examples:\n  claimsmith plugin disable my-claims@3fb2c1d4e5f6\n  claimsmith plugin disable my-claims")]
    Disable(One),
    /// Enable what was disabled
    #[command(after_help = "Example:\n  claimsmith plugin enable my-claims")]
    Enable(One),
    /// Delete a plugin that nothing is bound to
    #[command(after_help = "Example:\n  claimsmith plugin delete my-claims")]
    Delete(One),
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// The plugin's name; NAME@DIGEST for one version where that makes sense
    name: String,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct Push {
    /// The component
    file: PathBuf,
    /// The plugin's name; what its manifest says when left out
    #[arg(long)]
    name: Option<String>,
    /// `active` makes it the active version at once
    #[arg(long, value_parser = ["active"])]
    channel: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

impl Plugin {
    pub(super) fn run(self, json: bool) -> Result<Outcome, Failure> {
        match self {
            Self::New { name, dir } => new(&name, dir),
            Self::Build(build) => build.run(json),
            Self::Test(test) => test.run(json),
            Self::Inspect(inspect) => inspect.run(),
            Self::Push(push) => push.run(),
            Self::List { reach } => {
                let mut list = reach.server()?.list("/plugins", &[], None)?;
                summarise(&mut list);
                Ok(Outcome::list(list, &["name", "enabled", "active", "previous", "uploads"]))
            }
            Self::Show(one) => Ok(shown(one.reach.server()?.get(&path_of(&one.name))?)),
            Self::Activate { name, digest, force, reach } => activate(&name, digest, force, &reach),
            Self::Rollback { one, force } => {
                let path = format!("{}/rollback{}", path_of(&one.name), query_of(force));
                Ok(shown(one.reach.server()?.post(&path, None)?))
            }
            Self::Disable(one) => one.switch("disable"),
            Self::Enable(one) => one.switch("enable"),
            Self::Delete(one) => {
                one.reach.server()?.delete(&path_of(&one.name), None.into())?;
                Ok(Outcome::new(json!({ "name": one.name, "deleted": true }), format!("plugin {} is deleted", one.name)))
            }
        }
    }
}

fn path_of(name: &str) -> String {
    format!("/plugins/{}", segment(name))
}

fn new(name: &str, dir: Option<PathBuf>) -> Result<Outcome, Failure> {
    let dir = dir.unwrap_or_else(|| PathBuf::from(name));
    let files = plugin_new::write_project(&dir, name).map_err(|error| Failure::refused(super::server::chain(&error)))?;
    let folder = dir.display().to_string();
    let text = format!("{folder} has {} files. Next:\n  cd {folder}\n  claimsmith plugin build\n  claimsmith plugin test", files.len());
    Ok(Outcome::new(json!({ "name": name, "folder": folder, "files": files }), text))
}

impl One {
    /// A version where one is named, otherwise the whole.
    fn switch(&self, verb: &str) -> Result<Outcome, Failure> {
        let path = match self.name.split_once('@') {
            Some((name, digest)) => format!("{}/versions/{}/{verb}", path_of(name), segment(digest)),
            None => format!("{}/{verb}", path_of(&self.name)),
        };
        Ok(shown(self.reach.server()?.post(&path, None)?))
    }
}

const fn query_of(force: bool) -> &'static str {
    if force { "?force=true" } else { "" }
}

fn activate(name: &str, digest: Option<String>, force: bool, reach: &Reach) -> Result<Outcome, Failure> {
    let server = reach.server()?;
    let digest = match digest {
        Some(digest) => digest,
        None => {
            let plugin = server.get(&path_of(name))?;
            let latest = plugin.pointer("/versions/0/digest").and_then(Value::as_str);
            latest.ok_or_else(|| Failure::refused(format!("plugin `{name}` has no version")))?.to_owned()
        }
    };
    Ok(shown(server.post(&format!("{}/versions/{}/activate{}", path_of(name), segment(&digest), query_of(force)), None)?))
}

impl Push {
    fn run(self) -> Result<Outcome, Failure> {
        let component = plugin_local::read(&self.file)?;
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.name.iter().map(|name| ("name", name)));
        query.extend_pairs(self.channel.iter().map(|channel| ("channel", channel)));
        let query = query.finish();
        let path = if query.is_empty() { "/plugins".to_owned() } else { format!("/plugins?{query}") };
        let document = self.reach.server()?.upload(&path, component)?;
        let text = pushed(&document);
        Ok(Outcome::new(document, text))
    }
}

fn pushed(document: &Value) -> String {
    let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
    let (name, digest) = (text("name"), text("digest"));
    let mut lines = plugin_local::report(document);
    lines.push(match document.get("activated") {
        Some(Value::Bool(true)) => "active on every node".to_owned(),
        _ => format!("not active yet: claimsmith plugin activate {name} {}", digest.get(..12).unwrap_or(digest)),
    });
    lines.join("\n")
}

/// For people a digest of twelve digits and a count are enough.
fn summarise(list: &mut Value) {
    for plugin in list.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        let uploads = plugin.get("versions").and_then(Value::as_array).map_or(0, Vec::len);
        plugin["uploads"] = json!(uploads);
    }
}

fn shown(document: Value) -> Outcome {
    let mut head = document.clone();
    let versions = head.as_object_mut().and_then(|members| members.remove("versions")).unwrap_or_default();
    let versions = versions.as_array().map(Vec::as_slice).unwrap_or_default();
    let columns = ["digest", "active", "state", "manifest.version", "hooks", "uploaded_by", "uploaded_at"];
    let text = format!("{}\n\n{}", table::card(&head), table::list(versions, &columns));
    Outcome::new(document, text)
}
