//! The settings of clients that are what a document at their `client_id` says.

use super::check::ServeConfig;
use super::rooms::lifetime;
use super::table::{Descriptor, Reader, Section, full_name, settings, within};
use super::value::{PlainText, Setting, Size};
use crate::client_documents::DocumentSettings;
use crate::throttle::{Allowance, ThrottleSettings};
use claimsmith_issuer::client_document::Hosts;
use claimsmith_issuer::registering;
use claimsmith_protocol::credentials::AuthMethod;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::registration::Profile;
use claimsmith_protocol::scope::ScopeSet;
use std::time::Duration;

settings! {
    /// Clients that nobody registers: their `client_id` is an https URL, and what they are stands in the document there
    /// (draft-ietf-oauth-client-id-metadata-document). What the document asks for beyond these settings it does not get.
    ClientDocuments at "client_documents" {
        /// Whether such clients are served.
        enabled: bool = "false";
        /// Hosts whose documents are read, `*.` before one for all below it; any host when empty.
        hosts: Vec<PlainText> = "";
        /// Grants that these clients may have, of those in `grants.enabled`.
        grant_types: Vec<GrantType> = "authorization_code, refresh_token";
        /// Scopes that these clients may have; one that names none gets all of them.
        scopes: Vec<PlainText> = "openid, profile, email, offline_access";
        /// Resources that these clients may ask for.
        resources: Vec<PlainText> = "";
        /// Tags that these clients have: plugins bound to them run for these clients.
        tags: Vec<PlainText> = "document";
        /// Whether redirect URIs must be of the document's origin.
        same_origin: bool = "false";
        /// The profile that these clients are held to.
        profile: Option<Profile> = "";
        /// The longest document.
        bytes: Size = "5 KiB" in "1 KiB" ..= "64 KiB";
        /// How long a document is taken for true where its server does not say.
        cache_time: Duration = "10 min" in "1 s" ..= "24 h";
        /// The least and the most of what its server may say.
        cache_time_min: Duration = "1 min" in "1 s" ..= "1 h";
        /// See `client_documents.cache_time_min`.
        cache_time_max: Duration = "24 h" in "1 s" ..= "7 d";
        /// The most such clients that are kept. Beyond it: 503.
        clients_max: u32 = "10000" in "1" ..= "10000000";
        /// Clients that nobody has used for this long, and with whom nobody has a consent or a token, are forgotten.
        unused: Duration = "30 d" in "1 s" ..= "3650 d";
        /// Fetches that one address (IPv6: one /64) may cause at once.
        burst: u32 = "60" in "1" ..= "1000000";
        /// And one more each time this has passed.
        every: Duration = "2 s" in "1 ms" ..= "24 h";
    }
}

impl ServeConfig {
    /// Whose documents are read: what the directory asks.
    pub fn document_hosts(&self) -> Hosts {
        let client_documents = &self.client_documents;
        Hosts {
            is_on: client_documents.enabled,
            allowed: client_documents.hosts.iter().map(|host| host.as_str().to_ascii_lowercase().into()).collect(),
        }
    }

    pub(super) fn document_settings(&self) -> DocumentSettings {
        let client_documents = &self.client_documents;
        let texts = |texts: &[PlainText]| texts.iter().map(|text| text.as_str().into()).collect();
        let scopes = client_documents.scopes.iter().map(PlainText::as_str);
        DocumentSettings {
            hosts: self.document_hosts(),
            policy: registering::Policy {
                grants: client_documents.grant_types.clone(),
                methods: vec![AuthMethod::None, AuthMethod::PrivateKeyJwt],
                // The check of the configuration has seen that they are scopes.
                scopes: ScopeSet::from_tokens(scopes).unwrap_or_default(),
                resources: texts(&client_documents.resources),
                tags: texts(&client_documents.tags),
                redirect_hosts: Vec::new(),
                links_of_redirect_hosts: false,
                profile: client_documents.profile,
            },
            same_origin: client_documents.same_origin,
            bytes: client_documents.bytes.bytes(),
            cache_time: client_documents.cache_time,
            cache_times: client_documents.cache_time_min..=client_documents.cache_time_max,
            clients_max: client_documents.clients_max,
            unused: lifetime(client_documents.unused),
        }
    }

    /// Documents that one address may have fetched.
    pub fn document_throttle(&self) -> ThrottleSettings {
        let allowance = Allowance { burst: self.client_documents.burst, every: self.client_documents.every };
        ThrottleSettings { pair: allowance, address: allowance, ..ThrottleSettings::default() }
    }
}
