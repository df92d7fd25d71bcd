//! `claimsmith admin-token …`: on the database itself, so that a first administrator can exist.

use claimsmith_jose::Digest;
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::AdminToken as Stored;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::direct::Direct;
use super::failure::Failure;
use super::outcome::Outcome;
use crate::admin::{nearest, new_token, scope_names};
use crate::clock::Clock;

/// The name the audit knows this command by.
const ACTOR: &str = "claimsmith admin-token";

#[derive(Debug, Subcommand)]
pub(super) enum AdminToken {
    /// Make a bearer token for the admin API and print it, this once
    #[command(
        after_help = "Examples:\n  claimsmith admin-token create alice --config claimsmith.toml\n  claimsmith admin-token create ci --scope clients:write --scope plugins:read --expires-in 86400"
    )]
    Create(Create),
    /// List the tokens, without the tokens
    #[command(after_help = "Example:\n  claimsmith admin-token list --config claimsmith.toml")]
    List {
        #[command(flatten)]
        direct: Direct,
    },
    /// End a token at once
    #[command(after_help = "Example:\n  claimsmith admin-token revoke alice --config claimsmith.toml")]
    Revoke {
        /// The token's name
        name: String,
        #[command(flatten)]
        direct: Direct,
    },
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// A name: the audit says it for whatever the token does
    #[arg(value_parser = name)]
    name: String,
    /// What it may do, such as clients:write; may be repeated. Everything, when left out
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    scopes: Vec<String>,
    /// Seconds until it expires; never, when left out
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    expires_in: Option<u32>,
    #[command(flatten)]
    direct: Direct,
}

fn name(text: &str) -> Result<String, String> {
    match !text.is_empty() && text.chars().count() <= 128 && !text.chars().any(char::is_control) {
        true => Ok(text.to_owned()),
        false => Err("a name has 1 to 128 characters, none of them a control character".to_owned()),
    }
}

fn scope(text: &str) -> Result<String, String> {
    if scope_names().any(|scope| scope == text) {
        return Ok(text.to_owned());
    }
    let hint = nearest(text, scope_names()).map_or(String::new(), |near| format!("; did you mean {near}?"));
    Err(format!("scopes are {}{hint}", scope_names().collect::<Vec<_>>().join(", ")))
}

impl AdminToken {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        match self {
            Self::Create(create) => create.run(),
            Self::List { direct } => {
                let tokens = direct.with_store(|store| async move { store.list_admin_tokens().await })?;
                let items: Vec<Value> = tokens.iter().map(render).collect();
                Ok(Outcome::list(json!({ "items": items }), &["name", "scopes", "expires_at"]))
            }
            Self::Revoke { name, direct } => {
                let wanted = name.clone();
                direct.with_store(|store| async move { store.delete_admin_token(ACTOR, &wanted).await })?;
                Ok(Outcome::new(json!({ "name": name, "revoked": true }), format!("the token {name} is revoked")))
            }
        }
    }
}

fn render(token: &Stored) -> Value {
    json!({ "name": token.name, "scopes": token.scopes, "expires_at": token.expires_at.map_or(0, Timestamp::seconds) })
}

impl Create {
    fn run(self) -> Result<Outcome, Failure> {
        let text = new_token();
        let digest = Digest::of(text.as_bytes());
        let scopes =
            if self.scopes.is_empty() { vec!["admin".into()] } else { self.scopes.iter().map(|scope| scope.as_str().into()).collect() };
        let now = Clock::default().now().timestamp();
        let expires_at = self.expires_in.map(|seconds| Timestamp::from_seconds(now.seconds() + i64::from(seconds)));
        let token = Stored { name: self.name.into(), scopes, expires_at };
        let mut document = render(&token);
        self.direct.with_store(|store| async move { store.create_admin_token(ACTOR, digest, token).await })?;
        document["token"] = json!(text);
        Ok(Outcome::card(document).note("\nThe token is shown this once."))
    }
}
