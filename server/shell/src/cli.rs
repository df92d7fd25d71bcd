//! The command line: what people type, what scripts read, which exit code they get.
//!
//! Exit codes: 0 done, 1 refused (the reason on standard error), 2 wrong usage, 3 server not reachable. `--json` prints one JSON
//! document on standard output, whatever came of it.

mod admin_token;
mod client;
mod config;
mod direct;
mod failure;
mod key;
mod migrate;
mod outcome;
mod plugin;
mod plugin_local;
pub mod plugin_new;
mod reach;
mod registration_token;
mod resource;
mod server;
mod table;
mod token;
mod trusted_issuer;
mod user;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use failure::Failure;
use outcome::Outcome;

/// The command line of `claimsmith`.
#[derive(Debug, Parser)]
#[command(
    name = "claimsmith",
    version,
    about = "An OAuth 2.0 and OpenID Connect token server with sandboxed plugins",
    max_term_width = 110
)]
#[command(
    after_help = "Example:\n  claimsmith dev                      start a development server\n  claimsmith client create --scope read\n  claimsmith plugin new my-claims"
)]
pub struct Cli {
    /// Print one JSON document instead of text for people
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a development server: private database, certificate, keys and a demo, all in one folder
    Dev(server::Dev),
    /// Serve, from a configuration file
    Serve(server::Serve),
    /// Check, print and document the configuration
    #[command(subcommand)]
    Config(config::Config),
    /// Bring the database to this version's migrations
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Clients, their secrets and their bindings
    #[command(subcommand)]
    Client(client::Client),
    /// Users, their passwords and second factors
    #[command(subcommand)]
    User(user::User),
    /// Plugins: write, build, test, upload, switch
    #[command(subcommand)]
    Plugin(plugin::Plugin),
    /// Signing keys and the master key
    #[command(subcommand)]
    Key(key::Key),
    /// Explain, introspect and revoke tokens; the token comes on standard input
    #[command(subcommand)]
    Token(token::Token),
    /// Initial access tokens, with which clients register themselves
    #[command(subcommand)]
    RegistrationToken(registration_token::RegistrationToken),
    /// Resource servers that tokens are for
    #[command(subcommand)]
    Resource(resource::Resource),
    /// Other issuers whose tokens are believed here
    #[command(subcommand)]
    TrustedIssuer(trusted_issuer::TrustedIssuer),
    /// Bearer tokens of the admin API, made in the database directly
    #[command(subcommand)]
    AdminToken(admin_token::AdminToken),
    /// Print completions for a shell
    #[command(after_help = "Example:\n  claimsmith completions bash > /etc/bash_completion.d/claimsmith")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Compiles one plugin from standard input; the server runs this
    #[command(name = "__compile", hide = true)]
    Compile,
}

/// Runs the command of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no mistakes: clap prints them to standard output and says 0.
            let code = error.exit_code();
            let _ = error.print();
            return ExitCode::from(u8::try_from(code).unwrap_or(2));
        }
    };
    let json = cli.json;
    match cli.command.run(json) {
        Ok(Ran::Outcome(outcome)) => print(&outcome, json),
        Ok(Ran::Exited(code)) => code,
        Err(failure) => {
            if json {
                say(&mut std::io::stdout().lock(), &format!("{:#}", failure.document()));
            }
            say(&mut std::io::stderr().lock(), &failure.to_string());
            failure.exit_code()
        }
    }
}

/// What became of a command that did not fail.
enum Ran {
    /// It has something to say.
    Outcome(Outcome),
    /// It has said everything itself.
    Exited(ExitCode),
}

impl Command {
    fn run(self, json: bool) -> Result<Ran, Failure> {
        Ok(Ran::Outcome(match self {
            Self::Dev(dev) => dev.run()?,
            Self::Serve(serve) => serve.run()?,
            Self::Config(config) => config.run()?,
            Self::Migrate(migrate) => migrate.run()?,
            Self::Client(client) => client.run()?,
            Self::User(user) => user.run()?,
            Self::Plugin(plugin) => plugin.run(json)?,
            Self::Key(key) => key.run()?,
            Self::Token(token) => token.run()?,
            Self::RegistrationToken(token) => token.run()?,
            Self::Resource(resource) => resource.run()?,
            Self::TrustedIssuer(trusted) => trusted.run()?,
            Self::AdminToken(admin_token) => admin_token.run()?,
            Self::Completions { shell } => completions(shell),
            Self::Compile => return Ok(Ran::Exited(claimsmith_hooks::compile_child_main())),
        }))
    }
}

fn completions(shell: Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "claimsmith", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Outcome::new(serde_json::json!({ "shell": shell.to_string(), "script": script }), script.trim_end().to_owned())
}

fn print(outcome: &Outcome, json: bool) -> ExitCode {
    let text = if json { format!("{:#}", outcome.document) } else { outcome.text.clone() };
    if !text.is_empty() {
        say(&mut std::io::stdout().lock(), &text);
    }
    ExitCode::SUCCESS
}

/// Prints a line. A reader that has gone away (`| head`) is no failure of the command.
fn say(out: &mut dyn Write, text: &str) {
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests;
