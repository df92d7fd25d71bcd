//! `claimsmith dev` and `claimsmith serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::failure::Failure;
use super::outcome::Outcome;
use crate::config::Sources;
use crate::start_fault::StartFault;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  claimsmith dev\n  claimsmith dev --data-dir /tmp/second --listen 127.0.0.1:9443 --admin-listen 127.0.0.1:9444"
)]
pub(super) struct Dev {
    /// Folder for the private database, keys, certificates and tokens; made where it is missing
    #[arg(long, value_name = "DIR", default_value = "./var")]
    data_dir: PathBuf,
    /// Public listener; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Admin listener; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8444")]
    admin_listen: SocketAddr,
    /// Do not load the demo
    #[arg(long)]
    no_demo: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claimsmith serve --config /etc/claimsmith/claimsmith.toml")]
pub(super) struct Serve {
    /// Configuration file; settings come from the environment too
    #[arg(long, short, env = "CLAIMSMITH_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Dev {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let options =
            crate::dev::Options { data_dir: self.data_dir, listen: self.listen, admin_listen: self.admin_listen, demo: !self.no_demo };
        finish(crate::dev::run(&options))
    }
}

impl Serve {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        finish(crate::serve::run(Sources::process(self.config)))
    }
}

/// A server that stopped when it was told to has nothing more to say.
fn finish(ended: Result<(), StartFault>) -> Result<Outcome, Failure> {
    match ended {
        Ok(()) => Ok(Outcome::new(Value::Object(serde_json::Map::from_iter([("stopped".to_owned(), Value::Bool(true))])), String::new())),
        Err(fault) => Err(Failure::refused(chain(&fault))),
    }
}

/// A fault with its causes, none of them said twice.
pub(super) fn chain(fault: &dyn std::error::Error) -> String {
    let mut text = fault.to_string();
    let mut source = fault.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = cause.source();
    }
    text
}
