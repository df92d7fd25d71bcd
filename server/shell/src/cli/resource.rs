//! `claimsmith resource …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::outcome::Outcome;
use super::reach::{Reach, read_object};
use crate::admin::segment;

#[derive(Debug, Subcommand)]
pub(super) enum Resource {
    /// Register a resource server
    #[command(after_help = "Example:\n  claimsmith resource create https://api.example --scope read --scope write --introspector api")]
    Create(Create),
    /// Show a resource
    #[command(after_help = "Example:\n  claimsmith resource show https://api.example")]
    Show(One),
    /// List resources
    #[command(after_help = "Example:\n  claimsmith resource list")]
    List {
        #[command(flatten)]
        reach: Reach,
    },
    /// Change parts of a resource
    #[command(after_help = "Example:\n  claimsmith resource update https://api.example --token-format opaque")]
    Update(Update),
    /// Delete a resource
    #[command(after_help = "Example:\n  claimsmith resource delete https://api.example")]
    Delete(One),
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// The resource's identifier, a URI
    identifier: String,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
struct Members {
    /// Name for people
    #[arg(long)]
    name: Option<String>,
    /// A scope that means something there; may be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Form of tokens for it
    #[arg(long, value_name = "jwt|opaque")]
    token_format: Option<String>,
    /// Algorithm of its JWT access tokens
    #[arg(long, value_name = "ALG")]
    signing_alg: Option<String>,
    /// No token for it lives longer
    #[arg(long, value_name = "SECONDS")]
    lifetime_ceiling: Option<u32>,
    /// A client that may introspect tokens for it; may be repeated
    #[arg(long = "introspector", value_name = "CLIENT")]
    introspectors: Vec<String>,
}

impl Members {
    fn lay_over(&self, body: &mut Map<String, Value>) {
        for (name, text) in [("name", &self.name), ("token_format", &self.token_format), ("signing_alg", &self.signing_alg)] {
            body.extend(text.as_ref().map(|text| (name.to_owned(), json!(text))));
        }
        for (name, list) in [("scopes", &self.scopes), ("introspectors", &self.introspectors)] {
            body.extend((!list.is_empty()).then(|| (name.to_owned(), json!(list))));
        }
        body.extend(self.lifetime_ceiling.map(|seconds| ("lifetime_ceiling".to_owned(), json!(seconds))));
    }
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// The resource's identifier, a URI
    identifier: Option<String>,
    /// JSON of the resource; `-` reads standard input
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    members: Members,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct Update {
    /// The resource's identifier
    identifier: String,
    /// JSON merge patch; `-` reads standard input
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only if the resource still has this version
    #[arg(long, value_name = "VERSION")]
    if_version: Option<i64>,
    #[command(flatten)]
    members: Members,
    #[command(flatten)]
    reach: Reach,
}

impl Resource {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        match self {
            Self::Create(create) => create.run(),
            Self::Show(one) => Ok(Outcome::card(one.reach.server()?.get(&path_of(&one.identifier))?)),
            Self::List { reach } => {
                let list = reach.server()?.list("/resources", &[], None)?;
                Ok(Outcome::list(
                    list,
                    &["identifier", "name", "scopes", "token_format", "signing_alg", "lifetime_ceiling", "introspectors"],
                ))
            }
            Self::Update(update) => update.run(),
            Self::Delete(one) => {
                one.reach.server()?.delete(&path_of(&one.identifier), None.into())?;
                let text = format!("resource {} is deleted", one.identifier);
                Ok(Outcome::new(json!({ "identifier": one.identifier, "deleted": true }), text))
            }
        }
    }
}

fn path_of(identifier: &str) -> String {
    format!("/resources/{}", segment(identifier))
}

impl Create {
    fn run(self) -> Result<Outcome, Failure> {
        let mut body = self.file.as_deref().map(read_object).transpose()?.unwrap_or_default();
        body.extend(self.identifier.map(|identifier| ("identifier".to_owned(), json!(identifier))));
        self.members.lay_over(&mut body);
        Ok(Outcome::card(self.reach.server()?.post("/resources", Some(&Value::Object(body)))?))
    }
}

impl Update {
    fn run(self) -> Result<Outcome, Failure> {
        let mut body = self.file.as_deref().map(read_object).transpose()?.unwrap_or_default();
        self.members.lay_over(&mut body);
        if body.is_empty() {
            return Err(Failure::Usage("nothing to change: see `claimsmith resource update --help`".to_owned()));
        }
        Ok(Outcome::card(self.reach.server()?.patch(&path_of(&self.identifier), &Value::Object(body), self.if_version.into())?))
    }
}
