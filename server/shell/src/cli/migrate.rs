//! `claimsmith migrate …`: on the database itself.

use claimsmith_store::migrate;
use clap::Subcommand;
use serde_json::json;

use super::direct::{Direct, of_store};
use super::failure::Failure;
use super::outcome::Outcome;

#[derive(Debug, Subcommand)]
pub(super) enum Migrate {
    /// Apply every migration that is pending
    #[command(after_help = "Example:\n  claimsmith migrate up --config /etc/claimsmith/claimsmith.toml")]
    Up {
        #[command(flatten)]
        direct: Direct,
    },
    /// Tell which migrations are applied, pending or unknown to this version
    #[command(after_help = "Example:\n  claimsmith migrate status --config /etc/claimsmith/claimsmith.toml")]
    Status {
        #[command(flatten)]
        direct: Direct,
    },
    /// Take the newest migration back; what only it could hold is lost
    #[command(after_help = "Example:\n  claimsmith migrate down --config /etc/claimsmith/claimsmith.toml")]
    Down {
        #[command(flatten)]
        direct: Direct,
    },
}

impl Migrate {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        match self {
            Self::Up { direct } => {
                let database = direct.database()?;
                let applied = migrate::up(database.url()).map_err(|fault| of_store(&fault))?;
                let text = match applied.as_slice() {
                    [] => "nothing to do: every migration is applied".to_owned(),
                    applied => format!("applied {}", applied.join(", ")),
                };
                Ok(Outcome::new(json!({ "applied": applied }), text))
            }
            Self::Status { direct } => {
                let database = direct.database()?;
                let status = migrate::status(database.url()).map_err(|fault| of_store(&fault))?;
                let fits = status.check();
                let line = |name: &str, versions: &[String]| match versions {
                    [] => format!("{name:<8}  none"),
                    versions => format!("{name:<8}  {}", versions.join(", ")),
                };
                let lines = [line("applied", &status.applied), line("pending", &status.pending), line("unknown", &status.unknown)];
                let verdict = match &fits {
                    Ok(()) => "this version can work on the database".to_owned(),
                    Err(wrong) => wrong.to_string(),
                };
                let document =
                    json!({ "applied": status.applied, "pending": status.pending, "unknown": status.unknown, "fits": fits.is_ok() });
                Ok(Outcome::new(document, lines.join("\n")).note(&verdict))
            }
            Self::Down { direct } => {
                let database = direct.database()?;
                let reverted = migrate::down(database.url()).map_err(|fault| of_store(&fault))?;
                let text = match &reverted {
                    Some(version) => format!("took back {version}"),
                    None => "nothing to do: no migration is applied".to_owned(),
                };
                Ok(Outcome::new(json!({ "reverted": reverted }), text))
            }
        }
    }
}
