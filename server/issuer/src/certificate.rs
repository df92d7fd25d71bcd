//! A client's certificate, as decisions see it ([RFC 8705](https://www.rfc-editor.org/rfc/rfc8705)): facts, and what a client registered to be
//! recognised by.

mod name;

use core::net::IpAddr;

use claimsmith_jose::Digest;
use claimsmith_protocol::registration::Registration;

pub use name::{DistinguishedName, MalformedName};

/// A certificate whose private key the caller has proved to hold.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// SHA-256 of the certificate in DER (`x5t#S256`).
    pub digest: Digest,
    /// The JWK thumbprint of its key; absent for kinds of keys that we do not know.
    pub key: Option<Digest>,
    /// Its subject.
    pub subject: DistinguishedName,
    /// Its alternative names.
    pub names: AlternativeNames,
    /// Whether a chain leads to an authority that the operator trusts with clients, today, and nothing of it was revoked.
    pub is_trusted: bool,
}

/// The alternative names of a subject (RFC 5280 §4.2.1.6).
#[derive(Debug, Clone, Default)]
pub struct AlternativeNames {
    /// Names of hosts.
    pub dns: Vec<Box<str>>,
    /// URIs.
    pub uris: Vec<Box<str>>,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
    /// E-mail addresses.
    pub emails: Vec<Box<str>>,
}

/// Whether the certificate is trusted and has the one name that the client registered (RFC 8705 §2.1.2). A client that registered
/// none, or more than one, is nobody.
pub fn is_expected(certificate: &Certificate, registration: &Registration) -> bool {
    let names = &certificate.names;
    let found: Vec<bool> = [
        registration.tls_client_auth_subject_dn.as_deref().map(|text| is_subject(text, &certificate.subject)),
        registration.tls_client_auth_san_dns.as_deref().map(|text| names.dns.iter().any(|held| held.eq_ignore_ascii_case(text))),
        registration.tls_client_auth_san_uri.as_deref().map(|text| names.uris.iter().any(|held| **held == *text)),
        registration.tls_client_auth_san_ip.as_deref().map(|text| text.parse().is_ok_and(|address| names.addresses.contains(&address))),
        registration.tls_client_auth_san_email.as_deref().map(|text| names.emails.iter().any(|held| same_mailbox(held, text))),
    ]
    .into_iter()
    .flatten()
    .collect();
    certificate.is_trusted && found == [true]
}

fn is_subject(text: &str, subject: &DistinguishedName) -> bool {
    // Security: a certificate without a subject is not the one of a client that registered an empty text.
    DistinguishedName::parse(text).is_ok_and(|expected| !expected.is_empty() && expected == *subject)
}

/// RFC 5280 §7.5: the host without regard to case, what is before it as it is.
fn same_mailbox(held: &str, text: &str) -> bool {
    match (held.rsplit_once('@'), text.rsplit_once('@')) {
        (Some((local, host)), Some((other_local, other_host))) => local == other_local && host.eq_ignore_ascii_case(other_host),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
