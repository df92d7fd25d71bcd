//! `claimsmith key …`.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::outcome::Outcome;
use super::reach::Reach;
use crate::admin::segment;

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// List signing keys
    #[command(after_help = "Example:\n  claimsmith key list")]
    List {
        #[command(flatten)]
        reach: Reach,
    },
    /// Make a new signing key; it is published at once and signs a little later
    #[command(after_help = "Examples:\n  claimsmith key rotate\n  claimsmith key rotate --alg RS256 --now")]
    Rotate {
        /// The algorithm; the server's default when left out
        #[arg(long)]
        alg: Option<String>,
        /// Sign with it at once: verifiers that cache the key set will refuse tokens for a while
        #[arg(long)]
        now: bool,
        #[command(flatten)]
        reach: Reach,
    },
    /// Stop signing with a key; it stays published until its tokens have expired
    #[command(after_help = "Example:\n  claimsmith key retire NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")]
    Retire(One),
    /// Remove a compromised key at once: tokens signed with it are no longer believed
    #[command(after_help = "Example:\n  claimsmith key remove NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")]
    Remove(One),
    /// Seal everything again under the current master key
    #[command(
        after_help = "Example: after keys.master_key_file names the new key and keys.previous_master_key_files the old one, on every node:\n  claimsmith key reseal"
    )]
    Reseal {
        #[command(flatten)]
        reach: Reach,
    },
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// The key's name
    #[arg(allow_hyphen_values = true)]
    kid: String,
    #[command(flatten)]
    reach: Reach,
}

impl Key {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        match self {
            Self::List { reach } => {
                let list = reach.server()?.list("/keys", &[], None)?;
                Ok(Outcome::list(list, &["kid", "alg", "state", "active_from", "retired_at", "published_until"]))
            }
            Self::Rotate { alg, now, reach } => {
                let mut body = Map::new();
                body.extend(alg.map(|alg| ("alg".to_owned(), json!(alg))));
                body.extend(now.then(|| ("now".to_owned(), json!(true))));
                Ok(Outcome::card(reach.server()?.post("/keys", Some(&Value::Object(body)))?))
            }
            Self::Retire(one) => Ok(Outcome::card(one.reach.server()?.post(&format!("/keys/{}/retire", segment(&one.kid)), None)?)),
            Self::Remove(one) => {
                one.reach.server()?.delete(&format!("/keys/{}", segment(&one.kid)), None.into())?;
                Ok(Outcome::new(json!({ "kid": one.kid, "removed": true }), format!("key {} is removed", one.kid)))
            }
            Self::Reseal { reach } => {
                let document = reach.server()?.post("/keys/reseal", None)?;
                let text = format!("{} values were sealed again", document.get("resealed").and_then(Value::as_u64).unwrap_or(0));
                Ok(Outcome::new(document, text))
            }
        }
    }
}
