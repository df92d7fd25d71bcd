//! `claimsmith config …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::failure::Failure;
use super::outcome::Outcome;
use crate::config::{Problems, Sources, descriptors, print, read, reference};

#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Say everything that is wrong with a configuration, with line numbers
    #[command(after_help = "Example:\n  claimsmith config check --config claimsmith.toml")]
    Check(File),
    /// Print the configuration in effect, and where each value comes from
    #[command(after_help = "Example:\n  CLAIMSMITH_LOG__LEVEL=debug claimsmith config print --config claimsmith.toml")]
    Print(File),
    /// Print every setting with its type, default, unit and meaning
    #[command(after_help = "Example:\n  claimsmith config reference > docs/config.md")]
    Reference,
}

#[derive(Debug, Args)]
pub(super) struct File {
    /// Configuration file; settings come from the environment too
    #[arg(long, short, env = "CLAIMSMITH_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Config {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        match self {
            Self::Check(file) => match read(&Sources::process(file.config)).check_for_serve().and_then(|config| config.check_files()) {
                Ok(()) => Ok(Outcome::new(json!({ "ok": true, "problems": [] }), "the configuration is good".to_owned())),
                Err(problems) => Err(refused(&problems)),
            },
            Self::Print(file) => {
                let config = read(&Sources::process(file.config)).check().map_err(|problems| refused(&problems))?;
                let document = Value::Object(crate::admin::render_config(&config.effective));
                Ok(Outcome::new(document, print(&config).trim().to_owned()))
            }
            Self::Reference => {
                let settings: Vec<Value> = descriptors()
                    .into_iter()
                    .map(|setting| {
                        json!({ "name": setting.name, "type": setting.kind, "default": setting.default, "meaning": setting.meaning,
                            "bounds": setting.bounds.map(|(least, most)| [least, most]), "live": setting.live,
                            "variable": crate::config::variable_of(&setting.name) })
                    })
                    .collect();
                Ok(Outcome::new(json!({ "settings": settings }), reference().trim_end().to_owned()))
            }
        }
    }
}

fn refused(problems: &Problems) -> Failure {
    let list: Vec<Value> = problems
        .0
        .iter()
        .map(|problem| json!({ "setting": problem.setting, "origin": problem.origin.to_string(), "message": problem.message }))
        .collect();
    let message = format!("the configuration is wrong:\n{problems}");
    Failure::Refused { message, problem: Some(json!({ "ok": false, "problems": list })) }
}
