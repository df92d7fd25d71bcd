//! Certificates of clients: what they say, and whether an authority that the operator trusts stands behind them
//! (RFC 8705 §2.1, RFC 5280 §6).

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use claimsmith_issuer::certificate::{AlternativeNames, Certificate, DistinguishedName};
use claimsmith_jose::{Digest, VerifyingKey};
use openssl::error::ErrorStack;
use openssl::ssl::SslFiletype;
use openssl::stack::Stack;
use openssl::x509::store::{X509Lookup, X509Store, X509StoreBuilder};
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509PurposeId, X509Ref, X509StoreContext};

use super::{Stamp, TlsFault, reason, stamp_of};

/// The authorities that clients' certificates may come from, as their files are now. Without files nobody is trusted.
pub struct ClientTrust {
    files: Option<TrustFiles>,
    store: ArcSwapOption<X509Store>,
    seen: Mutex<Vec<Option<Stamp>>>,
}

/// The files of [`ClientTrust`].
#[derive(Debug, Clone)]
pub struct TrustFiles {
    /// PEM file with the certificates of authorities.
    pub ca_file: PathBuf,
    /// PEM file with revocation lists; where it is set, each authority whose certificates clients use needs a list in it.
    pub crl_file: Option<PathBuf>,
}

impl std::fmt::Debug for ClientTrust {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ClientTrust").field("files", &self.files).finish_non_exhaustive()
    }
}

impl TrustFiles {
    fn stamps(&self) -> Vec<Option<Stamp>> {
        let paths = std::iter::once(&self.ca_file).chain(&self.crl_file);
        paths.map(|path| fs::metadata(path).ok().map(|metadata| stamp_of(&metadata))).collect()
    }

    fn read(&self) -> Result<X509Store, TlsFault> {
        let unreadable = |cause| TlsFault::Unreadable { path: self.ca_file.clone(), cause };
        let bad = |cause: String| TlsFault::BadCertificate { path: self.ca_file.clone(), cause };
        let authorities = X509::stack_from_pem(&fs::read(&self.ca_file).map_err(unreadable)?).map_err(|error| bad(reason(&error)))?;
        if authorities.is_empty() {
            return Err(bad("no BEGIN CERTIFICATE".to_owned()));
        }
        let mut store = X509StoreBuilder::new()?;
        for authority in authorities {
            store.add_cert(authority)?;
        }
        store.set_purpose(X509PurposeId::SSL_CLIENT)?;
        if let Some(crl_file) = &self.crl_file {
            let bad = |cause: String| TlsFault::BadCertificate { path: crl_file.clone(), cause };
            // OpenSSL's reader wants a path that is text.
            if crl_file.to_str().is_none_or(|path| path.contains('\0')) {
                return Err(bad("the path is not UTF-8".to_owned()));
            }
            let lists = store.add_lookup(X509Lookup::file())?.load_crl_file(crl_file, SslFiletype::PEM);
            lists.map_err(|error| bad(reason(&error)))?;
            store.set_flags(X509VerifyFlags::CRL_CHECK)?;
        }
        Ok(store.build())
    }
}

impl ClientTrust {
    /// Reads the files; fails with what the operator has to mend.
    pub fn load(files: Option<TrustFiles>) -> Result<Self, TlsFault> {
        let seen = files.as_ref().map(TrustFiles::stamps).unwrap_or_default();
        let store = files.as_ref().map(TrustFiles::read).transpose()?;
        Ok(Self { files, store: ArcSwapOption::from_pointee(store), seen: Mutex::new(seen) })
    }

    /// Reads the files again where they have changed. What cannot be read is logged once, and what was trusted before still is.
    pub fn refresh(&self) {
        let Some(files) = &self.files else { return };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = files.stamps();
        if *seen == stamps {
            return;
        }
        *seen = stamps;
        match files.read() {
            Ok(store) => {
                self.store.store(Some(store.into()));
                tracing::info!("the authorities of clients' certificates were loaded");
            }
            Err(fault) => tracing::error!(%fault, "the authorities of clients' certificates were not replaced"),
        }
    }

    /// What a certificate says, in DER, with those that came with it. Nothing where it cannot be read.
    pub fn read(&self, der: &[u8], chain: &[Bytes]) -> Option<Certificate> {
        let certificate = X509::from_der(der).ok()?;
        let subject = certificate.subject_name().to_der().ok().and_then(|name| DistinguishedName::from_der(&name).ok())?;
        let spki = certificate.public_key().and_then(|key| key.public_key_to_der());
        Some(Certificate {
            digest: Digest::of(der),
            key: spki.ok().and_then(|spki| VerifyingKey::from_spki(&spki).ok()).map(|key| key.thumbprint()),
            subject,
            names: names_of(&certificate),
            is_trusted: self.vouches_for(&certificate, chain).unwrap_or_default(),
        })
    }

    fn vouches_for(&self, certificate: &X509Ref, chain: &[Bytes]) -> Result<bool, ErrorStack> {
        let Some(store) = self.store.load_full() else { return Ok(false) };
        let mut untrusted = Stack::new()?;
        for between in chain {
            untrusted.push(X509::from_der(between)?)?;
        }
        let verified = X509StoreContext::new()?.init(&store, certificate, &untrusted, |context| context.verify_cert());
        // Invariant: nothing stays in the thread's error queue, where it would end the next connection that is read.
        drop(ErrorStack::get());
        verified
    }
}

/// Only names that are ordinary text are names: OpenSSL has refused those with a zero inside already.
fn names_of(certificate: &X509Ref) -> AlternativeNames {
    let mut names = AlternativeNames::default();
    for name in certificate.subject_alt_names().into_iter().flatten() {
        names.dns.extend(name.dnsname().map(Into::into));
        names.uris.extend(name.uri().map(Into::into));
        names.emails.extend(name.email().map(Into::into));
        names.addresses.extend(name.ipaddress().and_then(address));
    }
    names
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}
