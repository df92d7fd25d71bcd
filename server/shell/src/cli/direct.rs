//! The way to the database itself, for commands that must work before anybody can be authorised by the admin API.

use std::path::PathBuf;

use claimsmith_store::{Database, EmbeddedSettings, Settings, Source, Store};
use clap::Args;

use super::failure::Failure;
use super::reach::DevInfo;
use crate::config::{DatabaseSource, Sources};

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Configuration")]
pub(super) struct Direct {
    /// Configuration file; settings come from the environment too
    #[arg(long, short, env = "CLAIMSMITH_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of a development server that is running: its database, where no --config is given
    #[arg(long, value_name = "DIR", default_value = "./var")]
    data_dir: PathBuf,
}

impl Direct {
    /// Opens the database: that of the configuration, or that of the development server.
    pub(super) fn database(&self) -> Result<Database, Failure> {
        let config = crate::config::read(&Sources::process(self.config.clone())).check();
        let config = config.map_err(|problems| Failure::refused(format!("the configuration is wrong:\n{problems}")))?;
        match config.database_source() {
            Some(source) => open(source),
            None => {
                let dev = DevInfo::read(&self.data_dir).filter(|_| self.config.is_none());
                let url = dev.as_ref().and_then(|dev| dev.text("database_url")).map(str::to_owned);
                let missing = || {
                    "no database: name a configuration file with --config, set CLAIMSMITH_DATABASE__URL, or start `claimsmith dev`"
                        .to_owned()
                };
                Ok(Database::Outside(url.ok_or_else(|| Failure::Usage(missing()))?))
            }
        }
    }

    /// Opens the store, and runs a piece of work on it.
    pub(super) fn with_store<T, F>(&self, work: impl FnOnce(Store) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, claimsmith_store::Fault>>,
    {
        let database = self.database()?;
        let settings = Settings { pool_size: 1, application_name: "claimsmith-command".to_owned(), ..Settings::default() };
        let store = Store::open(database.url(), &settings).map_err(|fault| of_store(&fault))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::refused(format!("no runtime: {error}")))?;
        runtime.block_on(work(store)).map_err(|fault| of_store(&fault))
    }
}

fn open(source: DatabaseSource) -> Result<Database, Failure> {
    let source = match source {
        DatabaseSource::Embedded(directory) => Source::Embedded(EmbeddedSettings::in_directory(directory)),
        outside => {
            let url = outside.url().map_err(|unreadable| Failure::refused(unreadable.to_string()))?;
            Source::Url(url.map(|url| url.expose().clone()).unwrap_or_default())
        }
    };
    source.open().map_err(|fault| Failure::refused(fault.to_string()))
}

/// A database that is away is a server that is not reachable.
pub(super) fn of_store(fault: &claimsmith_store::Fault) -> Failure {
    use claimsmith_store::Fault as F;
    match fault {
        F::Unavailable { .. } | F::Timeout { .. } | F::Closed | F::Full { .. } => Failure::Unreachable(fault.to_string()),
        other => Failure::refused(other.to_string()),
    }
}
