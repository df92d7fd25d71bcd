//! The settings of clients that are what a document at their `client_id` says.

use super::table::{Descriptor, Reader, Section, full_name, settings, within};
use super::value::{PlainText, Setting, Size};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::registration::Profile;
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
