//! `claimsmith token …`: the token comes on standard input, for arguments are seen by everyone on the machine.

use std::io::Read;

use claimsmith_jose::Secret;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::failure::Failure;
use super::outcome::Outcome;
use super::reach::Reach;
use super::table;

/// The longest token that is read, bytes.
const TOKEN_MAX: u64 = 64 << 10;

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Tell how a token came to be: its claims, the plugin versions that shaped it and which claim each set
    #[command(after_help = "Example:\n  claimsmith token explain - < access_token")]
    Explain(Input),
    /// Tell whether a token is active, and its claims
    #[command(after_help = "Example:\n  claimsmith token introspect - < access_token")]
    Introspect(Input),
    /// Revoke a token
    #[command(after_help = "Example:\n  claimsmith token revoke - < access_token")]
    Revoke(Input),
}

#[derive(Debug, Args)]
pub(super) struct Input {
    /// `-`: the token is read from standard input
    #[arg(value_parser = dash, default_value = "-", value_name = "-")]
    from: String,
    #[command(flatten)]
    reach: Reach,
}

/// Security: a token as an argument would be in the list of processes and in the shell's history.
fn dash(text: &str) -> Result<String, String> {
    if text == "-" { Ok(text.to_owned()) } else { Err("tokens are read from standard input: say `-`".to_owned()) }
}

impl Input {
    fn ask(&self, what: &str) -> Result<Value, Failure> {
        debug_assert_eq!(self.from, "-");
        let mut text = String::new();
        let read = std::io::stdin().lock().take(TOKEN_MAX).read_to_string(&mut text);
        let text = Secret::new(text);
        read.map_err(|error| Failure::refused(format!("standard input: {error}")))?;
        let token = text.expose().trim();
        if token.is_empty() {
            return Err(Failure::Usage("standard input is empty: `claimsmith token explain - < FILE`".to_owned()));
        }
        self.reach.server()?.post(&format!("/tokens/{what}"), Some(&json!({ "token": token })))
    }
}

impl Token {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        match self {
            Self::Explain(input) => {
                let document = input.ask("explain")?;
                Ok(Outcome::new(document.clone(), explanation(&document)))
            }
            Self::Introspect(input) => Ok(Outcome::card(input.ask("introspect")?)),
            Self::Revoke(input) => {
                let document = input.ask("revoke")?;
                let text = match document.get("revoked") {
                    Some(Value::Bool(true)) => "revoked",
                    _ => "nothing to revoke: not a token of this server, or over already",
                };
                Ok(Outcome::new(document, text.to_owned()))
            }
        }
    }
}

/// The explanation for people: the token, each claim with who set it, the circumstances.
fn explanation(document: &Value) -> String {
    let is = |name: &str| document.get(name) == Some(&Value::Bool(true));
    let state = match (is("active"), is("revoked"), is("expired")) {
        (true, _, _) => "active",
        (_, true, _) => "revoked",
        (_, _, true) => "expired",
        _ => "inactive: its client is disabled or gone",
    };
    let format = document.get("format").and_then(Value::as_str).unwrap_or("?");
    let empty = serde_json::Map::new();
    let claims = document.get("claims").and_then(Value::as_object).unwrap_or(&empty);
    let source = |claim: &str| {
        let source = document.get("sources")?.get(claim)?;
        let digest = source.get("digest")?.as_str()?;
        let plugin = source.get("plugin").and_then(Value::as_str).unwrap_or("a plugin that is gone");
        Some(format!("{plugin}@{}", digest.get(..12).unwrap_or(digest)))
    };
    let rows: Vec<Value> = claims
        .iter()
        .map(|(name, value)| json!({ "claim": name, "value": value.to_string(), "set_by": source(name).unwrap_or_else(|| "server".to_owned()) }))
        .collect();
    let mut text = format!("{format} access token, {state}\n\n{}", table::list(&rows, &["claim", "value", "set_by"]));
    match document.get("issuance") {
        Some(issuance) => text.push_str(&format!("\n\nissued\n{}", table::card(issuance))),
        None => {
            text.push_str("\n\nThere is no issuance record: it is older than audit.retention, or was lost with the process that issued it.")
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_names_who_set_which_claim() {
        let document = json!({ "active": true, "format": "jwt", "claims": { "sub": "a", "org": "acme" },
            "sources": { "org": { "plugin": "tenant", "digest": "0123456789abcdef" } }, "issuance": { "client_id": "a" } });
        let text = explanation(&document);
        assert!(text.starts_with("jwt access token, active\n"), "{text}");
        assert!(text.contains("org    \"acme\"  tenant@0123456789ab"), "{text}");
        assert!(text.contains("sub    \"a\"     server"), "{text}");
    }
}
