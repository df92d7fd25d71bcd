//! The files that settings name, looked at before a start would.

use super::check::{Pair, ServeConfig};
use super::problem::{Problem, Problems};
use crate::pages::Pages;
use crate::tls::client_certificate::ClientTrust;
use crate::tls::{TlsIdentity, TlsSettings};
use claimsmith_vault::MasterKey;
use std::error::Error;

impl ServeConfig {
    /// Everything that is wrong with the files of keys, certificates and passwords: missing, unreadable, open to others, or
    /// not what they should be.
    pub fn check_files(&self) -> Result<(), Problems> {
        let mut problems = Vec::new();
        let mut wrong = |setting: &str, message: String| {
            let problem = self.config().problem(setting, message);
            if !problems.iter().any(|said: &Problem| said.message == problem.message) {
                problems.push(problem);
            }
        };
        if let Err(fault) = MasterKey::read(&self.master_key_file) {
            wrong("keys.master_key_file", with_cause(&fault));
        }
        for fault in self.keys.previous_master_key_files.iter().filter_map(|path| MasterKey::read(path).err()) {
            wrong("keys.previous_master_key_files", with_cause(&fault));
        }
        if let Err(unreadable) = self.database.url() {
            wrong(unreadable.setting, format!("{}: {}", unreadable.path.display(), unreadable.cause));
        }
        if let Err(unreadable) = self.upstream_settings() {
            wrong(unreadable.setting, format!("{}: {}", unreadable.path.display(), unreadable.cause));
        }
        if let Err(fault) = Pages::load(&self.pages, &self.issuer) {
            wrong(fault.setting(), fault.to_string());
        }
        if let Err(fault) = crate::detail_types::read(self.authorize.details_types_file.as_deref()) {
            wrong("authorize.details_types_file", fault.to_string());
        }
        if let Some(path) = &self.passwords.denylist_file
            && let Err(error) = std::fs::File::open(path)
        {
            wrong("passwords.denylist_file", format!("{}: {error}", path.display()));
        }
        let own = |pair: &Option<Pair>, setting: &'static str, shared: bool| {
            (pair.clone(), if shared { "tls.certificate_file" } else { setting })
        };
        for (pair, setting) in [
            own(&self.public_tls, "tls.certificate_file", true),
            own(&self.mtls_tls, "tls.mtls_certificate_file", self.tls.mtls_certificate_file.is_none()),
            own(&self.admin_tls, "tls.admin_certificate_file", self.tls.admin_certificate_file.is_none()),
        ] {
            if let Some(Err(fault)) = pair.map(|pair| TlsIdentity::load(TlsSettings::new(pair.certificate, pair.key))) {
                wrong(setting, with_cause(&fault));
            }
        }
        if let Err(fault) = ClientTrust::load(self.trust_files()) {
            wrong("client_auth.ca_file", with_cause(&fault));
        }
        if problems.is_empty() { Ok(()) } else { Err(super::check::sorted(problems)) }
    }
}

fn with_cause(fault: &dyn Error) -> String {
    match fault.source() {
        Some(cause) => format!("{fault}: {cause}"),
        None => fault.to_string(),
    }
}
