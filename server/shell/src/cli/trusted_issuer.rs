//! `claimsmith trusted-issuer …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::failure::Failure;
use super::outcome::Outcome;
use super::reach::{Reach, read_object};
use crate::admin::segment;

#[derive(Debug, Subcommand)]
pub(super) enum TrustedIssuer {
    /// Trust another issuer for something
    #[command(after_help = "Example:\n  claimsmith trusted-issuer create --file issuer.json")]
    Create {
        /// JSON of the issuer; `-` reads standard input
        #[arg(long, short, value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        reach: Reach,
    },
    /// Show a trusted issuer
    #[command(after_help = "Example:\n  claimsmith trusted-issuer show https://idp.example")]
    Show(One),
    /// List trusted issuers
    #[command(after_help = "Example:\n  claimsmith trusted-issuer list")]
    List {
        #[command(flatten)]
        reach: Reach,
    },
    /// Change parts of a trusted issuer
    #[command(after_help = "Example:\n  claimsmith trusted-issuer update https://idp.example --file patch.json")]
    Update(Update),
    /// Trust an issuer no more
    #[command(after_help = "Example:\n  claimsmith trusted-issuer delete https://idp.example")]
    Delete(One),
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// The issuer: the iss of its tokens
    issuer: String,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct Update {
    /// The issuer: the iss of its tokens
    issuer: String,
    /// JSON merge patch; `-` reads standard input
    #[arg(long, short, value_name = "FILE")]
    file: PathBuf,
    /// Only if the issuer still has this version
    #[arg(long, value_name = "VERSION")]
    if_version: Option<i64>,
    #[command(flatten)]
    reach: Reach,
}

impl TrustedIssuer {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        match self {
            Self::Create { file, reach } => {
                let body = Value::Object(read_object(&file)?);
                Ok(Outcome::card(reach.server()?.post("/trusted-issuers", Some(&body))?))
            }
            Self::Show(one) => Ok(Outcome::card(one.reach.server()?.get(&path_of(&one.issuer))?)),
            Self::List { reach } => {
                let list = reach.server()?.list("/trusted-issuers", &[], None)?;
                Ok(Outcome::list(list, &["issuer", "purposes", "algorithms", "subjects", "disabled"]))
            }
            Self::Update(update) => {
                let body = Value::Object(read_object(&update.file)?);
                Ok(Outcome::card(update.reach.server()?.patch(&path_of(&update.issuer), &body, update.if_version.into())?))
            }
            Self::Delete(one) => {
                one.reach.server()?.delete(&path_of(&one.issuer), None.into())?;
                let text = format!("{} is trusted no more", one.issuer);
                Ok(Outcome::new(json!({ "issuer": one.issuer, "deleted": true }), text))
            }
        }
    }
}

fn path_of(issuer: &str) -> String {
    format!("/trusted-issuers/{}", segment(issuer))
}
