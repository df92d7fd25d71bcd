//! The settings of clients that register themselves.

use super::table::{Descriptor, Reader, Section, full_name, settings, within};
use super::value::{PlainText, RegistrationMode, Setting};
use claimsmith_protocol::credentials::AuthMethod;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::registration::Profile;
use std::time::Duration;

settings! {
    /// Clients that register themselves (RFC 7591, RFC 7592, OpenID Connect Dynamic Client Registration). What they may not have is
    /// refused, and scopes beyond `registration.scopes` are left out; an administrator can give a client more later.
    Registration at "registration" {
        /// Who may register clients: nobody, who holds an initial access token (`claimsmith registration-token create`), or everybody.
        mode: RegistrationMode = "off";
        /// Whether clients need a software statement of an issuer that is trusted for it (`claimsmith trusted-issuer`).
        require_software_statement: bool = "false";
        /// Grants that clients may register, of those in `grants.enabled`.
        grant_types: Vec<GrantType> = "authorization_code, refresh_token";
        /// Ways to authenticate that clients may register, of those in `client_auth.methods`.
        auth_methods: Vec<AuthMethod> = "client_secret_basic, client_secret_post, private_key_jwt, none";
        /// Scopes that clients may register; a client that names none gets all of them.
        scopes: Vec<PlainText> = "openid, profile, email, offline_access";
        /// Resources that clients are registered for.
        resources: Vec<PlainText> = "";
        /// Tags that clients are registered with: plugins bound to them run for these clients.
        tags: Vec<PlainText> = "self-registered";
        /// Hosts of redirect URIs, `*.` before one for all below it; any host when empty.
        redirect_hosts: Vec<PlainText> = "";
        /// Whether the links that people see (`client_uri`, `logo_uri`, `policy_uri`, `tos_uri`) need the host of a redirect URI.
        links_of_redirect_hosts: bool = "true";
        /// The profile that clients are held to.
        profile: Option<Profile> = "";
        /// How long the secrets of clients are good; for ever when not set.
        secret_lifetime: Option<Duration> = "" in "1 h" ..= "3650 d";
        /// The most clients that may have registered themselves. Beyond it: 503.
        clients_max: u32 = "10000" in "1" ..= "10000000";
        /// Registrations from one address (IPv6: one /64) as many at once, where everybody may register.
        burst: u32 = "20" in "1" ..= "1000000";
        /// And one more each time this has passed.
        every: Duration = "1 min" in "1 ms" ..= "24 h";
    }
}
