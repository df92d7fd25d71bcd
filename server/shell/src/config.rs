//! The configuration: one TOML file, overridden by the environment, overridden by the command line.
//!
//! ```text
//! Sources ── read ──► Draft ── check ──► Config ── and for serving ──► ServeConfig
//! ```
//!
//! Every setting is declared once, in `config/settings.rs`: its field, its parser, its environment variable and its entry
//! in the reference come from there. Nothing here reads a secret except [`DatabaseSource::url`], which is asked to.

mod appearance;
mod check;
mod ciba;
mod client_attestation;
mod client_documents;
mod database;
mod exchange;
mod files;
mod issuer;
mod nearest;
mod problem;
mod raw;
mod reference;
mod registration;
mod rooms;
mod settings;
mod table;
mod upstream;
mod value;

pub use appearance::Pages;
pub use check::{Pair, ServeConfig};
pub use ciba::Ciba;
pub use client_attestation::ClientAttestation;
pub use client_documents::ClientDocuments;
pub use database::{DatabaseSource, UnreadableSecret};
pub use exchange::TokenExchange;
pub use issuer::Issuer;
pub use problem::{Origin, Problem, Problems};
pub use raw::{Sources, variable_of};
pub use reference::{print, reference};
pub use registration::Registration;
pub use settings::{
    Aliases, Assurance, Audit, Authorize, Cache, ClientAuth, Cors, Database, Device, Dpop, Fetch, General, Grants, Hooks, Introspection,
    Keys, Lifetimes, Limits, Listen, Log, Metrics, Otel, Passkeys, Passwords, Proxied, Refresh, Sessions, SignIn, SignInThrottle, Signing,
    Store, Tls, Tokens, Userinfo, Workers,
};
pub use table::{Descriptor, Effective};
pub use upstream::Upstream;
pub use value::{
    AuditTokens, DatabaseUrl, HeaderText, HttpUrl, LogFormat, LogLevel, PlainText, RegistrationMode, RootedPath, Size, UnknownPeople,
    WebOrigin,
};

use std::path::Path;
use table::{Reader, Section};

/// Declares the configuration as the list of its sections.
macro_rules! sections {
    ($($(#[doc = $doc:literal])+ $field:ident: $section:ty;)+) => {
        /// A checked configuration: every value is well-formed, within its bounds, and fits the others.
        #[derive(Debug, Clone)]
        pub struct Config {
            $($(#[doc = $doc])+ pub $field: $section,)+
            /// Every setting with its value and origin, in the order of the reference.
            pub effective: Vec<Effective>,
        }

        impl Config {
            fn take(reader: &mut Reader<'_>) -> Config {
                Config { $($field: <$section as Section>::read(reader),)+ effective: std::mem::take(&mut reader.effective) }
            }
        }

        /// Every setting, in the order of the reference.
        pub fn descriptors() -> Vec<Descriptor> {
            let mut out = Vec::new();
            $(<$section as Section>::describe(&mut out);)+
            out
        }

        /// Every section and what it is about.
        fn abouts() -> Vec<(&'static str, String)> {
            vec![$(<$section as Section>::about()),+]
        }
    };
}

sections! {
    /// Outside any section.
    general: General;
    /// `listen`.
    listen: Listen;
    /// `listen.proxied`.
    proxied: Proxied;
    /// `tls`.
    tls: Tls;
    /// `limits`.
    limits: Limits;
    /// `database`.
    database: Database;
    /// `store`.
    store: Store;
    /// `keys`.
    keys: Keys;
    /// `signing`.
    signing: Signing;
    /// `lifetimes`.
    lifetimes: Lifetimes;
    /// `tokens`.
    tokens: Tokens;
    /// `client_auth`.
    client_auth: ClientAuth;
    /// `client_attestation`.
    client_attestation: ClientAttestation;
    /// `client_documents`.
    client_documents: ClientDocuments;
    /// `dpop`.
    dpop: Dpop;
    /// `passwords`.
    passwords: Passwords;
    /// `sign_in`.
    sign_in: SignIn;
    /// `sign_in.throttle`.
    sign_in_throttle: SignInThrottle;
    /// `passkeys`.
    passkeys: Passkeys;
    /// `upstream`.
    upstream: Upstream;
    /// `assurance`.
    assurance: Assurance;
    /// `userinfo`.
    userinfo: Userinfo;
    /// `device`.
    device: Device;
    /// `ciba`.
    ciba: Ciba;
    /// `token_exchange`.
    token_exchange: TokenExchange;
    /// `introspection`.
    introspection: Introspection;
    /// `grants`.
    grants: Grants;
    /// `authorize`.
    authorize: Authorize;
    /// `registration`.
    registration: Registration;
    /// `sessions`.
    sessions: Sessions;
    /// `refresh`.
    refresh: Refresh;
    /// `paths.aliases`.
    aliases: Aliases;
    /// `pages`.
    pages: Pages;
    /// `cors`.
    cors: Cors;
    /// `hooks`.
    hooks: Hooks;
    /// `fetch`.
    fetch: Fetch;
    /// `cache`.
    cache: Cache;
    /// `audit`.
    audit: Audit;
    /// `log`.
    log: Log;
    /// `metrics`.
    metrics: Metrics;
    /// `otel`.
    otel: Otel;
    /// `workers`.
    workers: Workers;
}

/// A configuration that was read but not checked: it may not be used.
#[derive(Debug)]
pub struct Draft {
    config: Config,
    problems: Vec<Problem>,
}

/// Reads all sources. What is wrong comes to light in the check that follows.
pub fn read(sources: &Sources) -> Draft {
    let (entries, problems) = sources.read();
    // One rule for every source: relative paths lie in the folder of the file, and without a file in the working folder.
    let folder = sources.file.as_deref().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
    draft(entries, problems, folder.unwrap_or(Path::new(".")))
}

fn draft(entries: raw::Entries, problems: Vec<Problem>, folder: &Path) -> Draft {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let mut reader = Reader { entries, folder: &folder, problems, effective: Vec::new() };
    let config = Config::take(&mut reader);
    let Reader { entries: unknown, mut problems, .. } = reader;
    problems.extend(nearest::unknown(&unknown, &descriptors()));
    Draft { config, problems }
}

/// A change between two configurations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The setting's full name.
    pub name: String,
    /// Whether a running server takes the new value; otherwise it needs a restart.
    pub live: bool,
}

impl Config {
    /// What differs in a newer configuration.
    pub fn changes(&self, newer: &Config) -> Vec<Change> {
        let both = self.effective.iter().zip(&newer.effective).zip(descriptors());
        let changed = both.filter(|((old, new), _)| old.value != new.value);
        changed.map(|(_, setting)| Change { name: setting.name, live: setting.live }).collect()
    }
}

#[cfg(test)]
mod tests;
