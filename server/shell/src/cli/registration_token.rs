//! `claimsmith registration-token …`: with these, clients register themselves.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::outcome::Outcome;
use super::reach::Reach;
use crate::admin::segment;

#[derive(Debug, Subcommand)]
pub(super) enum RegistrationToken {
    /// Make an initial access token and print it, this once
    #[command(
        after_help = "Examples:\n  claimsmith registration-token create partner --uses 5\n  claimsmith registration-token create ci --expires-in 86400"
    )]
    Create(Create),
    /// List the tokens, without the tokens
    #[command(after_help = "Example:\n  claimsmith registration-token list")]
    List {
        #[command(flatten)]
        reach: Reach,
    },
    /// End a token at once; clients that were registered with it stay
    #[command(after_help = "Example:\n  claimsmith registration-token revoke partner")]
    Revoke {
        /// The token's name
        name: String,
        #[command(flatten)]
        reach: Reach,
    },
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// A name for administrators
    name: String,
    /// How many clients it may register; any number, when left out
    #[arg(long, value_name = "NUMBER")]
    uses: Option<u32>,
    /// Seconds until it expires; never, when left out
    #[arg(long, value_name = "SECONDS")]
    expires_in: Option<u32>,
    #[command(flatten)]
    reach: Reach,
}

impl RegistrationToken {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        match self {
            Self::Create(create) => create.run(),
            Self::List { reach } => {
                let list = reach.server()?.list("/registration-tokens", &[], None)?;
                Ok(Outcome::list(list, &["name", "uses_left", "expires_at"]))
            }
            Self::Revoke { name, reach } => {
                reach.server()?.delete(&format!("/registration-tokens/{}", segment(&name)), None.into())?;
                Ok(Outcome::new(json!({ "name": name, "revoked": true }), format!("the token {name} is revoked")))
            }
        }
    }
}

impl Create {
    fn run(self) -> Result<Outcome, Failure> {
        let mut body = Map::new();
        body.insert("name".to_owned(), json!(self.name));
        body.extend(self.uses.map(|uses| ("uses".to_owned(), json!(uses))));
        body.extend(self.expires_in.map(|seconds| ("expires_in".to_owned(), json!(seconds))));
        let document = self.reach.server()?.post("/registration-tokens", Some(&Value::Object(body)))?;
        Ok(Outcome::card(document).note("\nThe token is shown this once."))
    }
}
