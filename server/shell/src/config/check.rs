//! Settings against each other, and what serving needs.

use super::database::{DatabaseSource, source};
use super::issuer::Issuer;
use super::problem::{Origin, Problem, Problems};
use super::value::PlainText;
use super::{Config, Draft};
use crate::admin::check_tag;
use claimsmith_issuer::assurance::AcrNames;
use claimsmith_issuer::step_up::is_quotable;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::scope::ScopeSet;
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// A certificate file and its key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Certificate and chain.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// A configuration that has all that serving needs.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    config: Config,
    /// The issuer.
    pub issuer: Issuer,
    /// Where the database is.
    pub database: DatabaseSource,
    /// The file of the master key.
    pub master_key_file: PathBuf,
    /// Certificate of the public listener; present when `listen.public` is.
    pub public_tls: Option<Pair>,
    /// Certificate of the mTLS listener; present when `listen.mtls` is.
    pub mtls_tls: Option<Pair>,
    /// Certificate of the admin listener; present when `listen.admin` is.
    pub admin_tls: Option<Pair>,
}

/// The rest of the configuration.
impl Deref for ServeConfig {
    type Target = Config;

    fn deref(&self) -> &Config {
        &self.config
    }
}

impl ServeConfig {
    /// All settings, those beside the ones above included.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The audience of tokens for no resource in particular.
    pub fn default_audience(&self) -> &str {
        self.tokens.default_audience.as_ref().map_or(self.issuer.as_str(), |audience| audience.as_str())
    }
}

impl Draft {
    /// Checks each value by itself and against the others. The error says everything that is wrong.
    pub fn check(mut self) -> Result<Config, Problems> {
        cross(&self.config, &mut self.problems);
        finish(self.problems, self.config)
    }

    /// The same, and that everything is there that serving needs.
    pub fn check_for_serve(mut self) -> Result<ServeConfig, Problems> {
        cross(&self.config, &mut self.problems);
        let mut wants = Wants { config: &self.config, problems: &mut self.problems };
        let issuer = wants.issuer();
        let database = wants.database();
        let master_key_file = wants.master_key();
        let pairs = wants.pairs();
        let ServeParts { issuer, database, master_key_file, pairs: [public_tls, mtls_tls, admin_tls] } =
            match (issuer, database, master_key_file) {
                (Some(issuer), Some(database), Some(master_key_file)) => ServeParts { issuer, database, master_key_file, pairs },
                _ => return Err(sorted(self.problems)),
            };
        let config = finish(self.problems, self.config)?;
        Ok(ServeConfig { config, issuer, database, master_key_file, public_tls, mtls_tls, admin_tls })
    }
}

struct ServeParts {
    issuer: Issuer,
    database: DatabaseSource,
    master_key_file: PathBuf,
    pairs: [Option<Pair>; 3],
}

fn finish<T>(problems: Vec<Problem>, config: T) -> Result<T, Problems> {
    if problems.is_empty() { Ok(config) } else { Err(sorted(problems)) }
}

/// Lines of the file in order, then the rest as it came.
pub(super) fn sorted(mut problems: Vec<Problem>) -> Problems {
    problems.sort_by_key(|problem| match problem.origin {
        Origin::File { line, .. } => (0, line),
        Origin::Environment(_) => (1, 0),
        Origin::Option(_) => (2, 0),
        Origin::Command | Origin::Default => (3, 0),
    });
    Problems(problems)
}

impl Config {
    fn origin(&self, setting: &str) -> Origin {
        let found = self.effective.iter().find(|effective| effective.name == setting);
        found.map_or(Origin::Default, |effective| effective.origin.clone())
    }

    pub(super) fn problem(&self, setting: &str, message: impl Into<String>) -> Problem {
        Problem { origin: self.origin(setting), setting: setting.to_owned(), message: message.into() }
    }
}

/// Settings that contradict each other.
fn cross(config: &Config, problems: &mut Vec<Problem>) {
    let mut wrong = |holds: bool, setting: &str, message: &str| {
        if !holds {
            problems.push(config.problem(setting, message));
        }
    };
    let (limits, database, tls) = (&config.limits, &config.database, &config.tls);
    wrong(limits.connections_per_address <= limits.connections, "limits.connections_per_address", "is more than limits.connections");
    wrong(
        database.lock_timeout <= database.statement_timeout,
        "database.lock_timeout",
        "is longer than database.statement_timeout, which would always come first",
    );
    wrong(
        database.pool_wait <= 4 * database.statement_timeout,
        "database.pool_wait",
        "is longer than four statements may take (database.statement_timeout)",
    );
    wrong(
        database.url.is_none() || database.url_file.is_none(),
        "database.url_file",
        "database.url and database.url_file are alternatives: set one",
    );
    wrong(
        database.password_file.is_none() || database.url.is_some(),
        "database.password_file",
        "belongs to database.url, which is not set",
    );
    let outside = database.url.is_some() || database.url_file.is_some();
    wrong(!(outside && database.embedded), "database.embedded", "is true although database.url says where the database is: set one");
    wrong(
        config.lifetimes.access_token <= config.lifetimes.access_token_ceiling,
        "lifetimes.access_token",
        "is longer than lifetimes.access_token_ceiling",
    );
    wrong(config.signing.algs.contains(&config.signing.default_alg), "signing.algs", "does not contain signing.default_alg");
    if let Some(rotation) = config.signing.rotation {
        wrong(
            config.signing.publish_before_use < rotation,
            "signing.publish_before_use",
            "is not shorter than signing.rotation: no key would ever sign",
        );
    }
    let names = &config.assurance;
    wrong(
        AcrNames::new([names.password.as_str(), names.mfa.as_str(), names.passkey.as_str()]).is_ok(),
        "assurance.password",
        "the names of the levels must be different from each other, and have no spaces",
    );
    let known = [&names.password, &names.mfa, &names.passkey];
    wrong(
        config
            .userinfo
            .acr_values
            .iter()
            .all(|value| known.iter().any(|name| name.as_str() == value.as_str()) && is_quotable(value.as_str())),
        "userinfo.acr_values",
        "names something that is not one of assurance.*, or has letters that no challenge can carry",
    );
    let auth = &config.client_auth;
    wrong(auth.methods.contains(&auth.default_method), "client_auth.methods", "does not contain client_auth.default_method");
    wrong(auth.crl_file.is_none() || auth.ca_file.is_some(), "client_auth.crl_file", "belongs to client_auth.ca_file, which is not set");
    wrong(!config.dpop.signing_algs.is_empty(), "dpop.signing_algs", "proofs need at least one algorithm");
    wrong(
        !config.authorize.response_types.iter().any(|response_type| response_type.is_front_channel())
            || config.grants.enabled.contains(&GrantType::Implicit),
        "authorize.response_types",
        "lets tokens go through the browser, which needs implicit in grants.enabled too",
    );
    let registration = &config.registration;
    let scopes: Vec<&str> = registration.scopes.iter().map(PlainText::as_str).collect();
    wrong(
        scopes.is_empty() || ScopeSet::parse(&scopes.join(" ")).is_ok(),
        "registration.scopes",
        "has a scope with spaces, quotes or characters outside ASCII",
    );
    wrong(
        registration.tags.iter().all(|tag| check_tag(tag.as_str()).is_ok()),
        "registration.tags",
        "has a tag with other than letters, digits, dashes, underscores, dots and colons",
    );
    let documents = &config.client_documents;
    let scopes: Vec<&str> = documents.scopes.iter().map(PlainText::as_str).collect();
    wrong(
        scopes.is_empty() || ScopeSet::parse(&scopes.join(" ")).is_ok(),
        "client_documents.scopes",
        "has a scope with spaces, quotes or characters outside ASCII",
    );
    wrong(
        documents.tags.iter().all(|tag| check_tag(tag.as_str()).is_ok()),
        "client_documents.tags",
        "has a tag with other than letters, digits, dashes, underscores, dots and colons",
    );
    wrong(documents.cache_time_min <= documents.cache_time_max, "client_documents.cache_time_min", "is more than the most");
    let upstream = &config.upstream;
    let is_on = upstream.issuer.is_some();
    wrong(
        upstream.issuer.as_ref().is_none_or(|issuer| issuer.as_str().starts_with("https://")),
        "upstream.issuer",
        "must be an https URL: what comes from it says who people are",
    );
    wrong(!is_on || upstream.client_id.is_some(), "upstream.client_id", "is not set, although upstream.issuer is");
    wrong(!is_on || upstream.client_secret_file.is_some(), "upstream.client_secret_file", "is not set, although upstream.issuer is");
    wrong(upstream.scopes.iter().any(|scope| scope.as_str() == "openid"), "upstream.scopes", "does not contain openid");
    wrong(!upstream.signing_algs.is_empty(), "upstream.signing_algs", "ID tokens need at least one algorithm");
    wrong(!config.grants.enabled.is_empty(), "grants.enabled", "the token endpoint needs at least one grant");
    wrong(
        config.hooks.component_max_bytes <= config.hooks.upload_max_bytes,
        "hooks.component_max_bytes",
        "is more than hooks.upload_max_bytes",
    );
    for (certificate, key, name) in [
        (&tls.certificate_file, &tls.key_file, "tls.certificate_file"),
        (&tls.mtls_certificate_file, &tls.mtls_key_file, "tls.mtls_certificate_file"),
        (&tls.admin_certificate_file, &tls.admin_key_file, "tls.admin_certificate_file"),
    ] {
        wrong(certificate.is_some() == key.is_some(), name, "certificate and key are set together or not at all");
    }
    let proxied = &config.proxied;
    wrong(
        proxied.address.is_none() || !proxied.trusted.is_empty(),
        "listen.proxied.trusted",
        "a listener behind a proxy needs at least one trusted proxy: without one it would refuse everybody",
    );
    listeners(config, problems);
}

/// No two listeners on one address.
fn listeners(config: &Config, problems: &mut Vec<Problem>) {
    let all = [
        ("listen.public", config.listen.public),
        ("listen.mtls", config.listen.mtls),
        ("listen.admin", config.listen.admin),
        ("listen.proxied.address", config.proxied.address),
    ];
    for (index, (name, address)) in all.iter().enumerate() {
        let Some(address) = address.filter(|address| address.port() != 0) else { continue };
        if let Some((other, _)) = all[..index].iter().find(|(_, other)| *other == Some(address)) {
            problems.push(config.problem(name, format!("{address} is the address of {other} already")));
        }
    }
}

/// What serving needs: notes what is missing, unless something else is wrong with the same setting already.
struct Wants<'a> {
    config: &'a Config,
    problems: &'a mut Vec<Problem>,
}

impl Wants<'_> {
    fn missing(&mut self, setting: &str, message: &str) {
        if !self.problems.iter().any(|problem| problem.setting == setting) {
            self.problems.push(self.config.problem(setting, message));
        }
    }

    fn issuer(&mut self) -> Option<Issuer> {
        let issuer = self.config.general.issuer.clone();
        if issuer.is_none() {
            self.missing("issuer", "is not set: it is the https URL under which clients reach this server");
        }
        issuer
    }

    fn database(&mut self) -> Option<DatabaseSource> {
        let source = source(self.config);
        if source.is_none() {
            let settings = ["database.url", "database.url_file", "database.embedded"];
            if !self.problems.iter().any(|problem| settings.contains(&problem.setting.as_str())) {
                self.missing("database.url", "is not set: set database.url, or database.embedded = true for a private PostgreSQL");
            }
        }
        source
    }

    fn master_key(&mut self) -> Option<PathBuf> {
        let file = self.config.keys.master_key_file.clone();
        if file.is_none() {
            self.missing(
                "keys.master_key_file",
                "is not set: it names the file of the master key, which the server never makes by itself; `openssl rand -hex 32` makes one",
            );
        }
        file
    }

    /// The certificates of the public, the mTLS and the admin listener.
    fn pairs(&mut self) -> [Option<Pair>; 3] {
        let (config, tls) = (self.config, &self.config.tls);
        let public = pair(tls.certificate_file.as_deref(), tls.key_file.as_deref());
        let mtls = pair(tls.mtls_certificate_file.as_deref(), tls.mtls_key_file.as_deref()).or_else(|| public.clone());
        let admin = pair(tls.admin_certificate_file.as_deref(), tls.admin_key_file.as_deref()).or_else(|| public.clone());
        let listen = &config.listen;
        let wanted = [(listen.public.is_some(), public), (listen.mtls.is_some(), mtls), (listen.admin.is_some(), admin)];
        if wanted.iter().any(|(wanted, pair)| *wanted && pair.is_none()) {
            self.missing("tls.certificate_file", "is not set: listeners speak TLS; set tls.certificate_file and tls.key_file");
        }
        if listen.public.is_none() && config.proxied.address.is_none() {
            self.missing("listen.public", "is off, and listen.proxied.address is not set: nobody could ask for a token");
        }
        wanted.map(|(wanted, pair)| pair.filter(|_| wanted))
    }
}

fn pair(certificate: Option<&Path>, key: Option<&Path>) -> Option<Pair> {
    Some(Pair { certificate: certificate?.to_owned(), key: key?.to_owned() })
}
