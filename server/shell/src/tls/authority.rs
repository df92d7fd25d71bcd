//! A certification authority for development: made once, signs one certificate for this machine, and forgets its key.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName, SubjectKeyIdentifier};
use openssl::x509::{X509, X509Builder, X509Name};

/// How long certificates for development are good, in days; browsers take no more of them.
const DAYS: u32 = 397;

/// The files of a development certificate.
#[derive(Debug, Clone)]
pub struct DevelopmentFiles {
    /// The authority's certificate, for clients to trust.
    pub ca_file: PathBuf,
    /// The server's certificate.
    pub certificate_file: PathBuf,
    /// The server's private key.
    pub key_file: PathBuf,
}

/// Why there is no development certificate.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityFault {
    /// OpenSSL.
    #[error("a development certificate could not be made")]
    OpenSsl(#[from] ErrorStack),
    /// The file system.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl DevelopmentFiles {
    /// The files in a folder; made, or made anew when they are about to expire.
    pub fn in_folder(folder: &Path) -> Result<Self, AuthorityFault> {
        let files =
            Self { ca_file: folder.join("ca.pem"), certificate_file: folder.join("server.pem"), key_file: folder.join("server.key") };
        if !files.are_good() {
            files.make(folder)?;
        }
        Ok(files)
    }

    fn are_good(&self) -> bool {
        let lasts = |path: &Path| -> Option<bool> {
            let certificate = X509::from_pem(&fs::read(path).ok()?).ok()?;
            let in_a_month = Asn1Time::days_from_now(30).ok()?;
            Some(certificate.not_after() > in_a_month)
        };
        self.key_file.exists() && [&self.ca_file, &self.certificate_file].into_iter().all(|path| lasts(path).unwrap_or(false))
    }

    fn make(&self, folder: &Path) -> Result<(), AuthorityFault> {
        fs::create_dir_all(folder).map_err(|source| AuthorityFault::File { path: folder.to_owned(), source })?;
        let (ca, ca_key) = authority()?;
        let (certificate, key) = leaf(&ca, &ca_key)?;
        write(&self.key_file, &key.private_key_to_pem_pkcs8()?, 0o600)?;
        write(&self.certificate_file, &certificate.to_pem()?, 0o644)?;
        // Last, for it is what the others are looked for by. The authority's key is dropped here: nobody can sign with it.
        write(&self.ca_file, &ca.to_pem()?, 0o644)
    }
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), AuthorityFault> {
    let beside = path.with_extension("new");
    let store = || -> io::Result<()> {
        let _ = fs::remove_file(&beside);
        fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?.write_all(bytes)?;
        fs::rename(&beside, path)
    };
    store().map_err(|source| AuthorityFault::File { path: path.to_owned(), source })
}

fn fresh_key() -> Result<PKey<Private>, ErrorStack> {
    PKey::from_ec_key(EcKey::generate(EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?.as_ref())?)
}

fn named(common_name: &str) -> Result<X509Name, ErrorStack> {
    let mut name = X509Name::builder()?;
    name.append_entry_by_text("O", "Claimsmith development")?;
    name.append_entry_by_text("CN", common_name)?;
    Ok(name.build())
}

fn begin(subject: &X509Name, issuer: &X509Name, key: &PKey<Private>) -> Result<X509Builder, ErrorStack> {
    let mut builder = X509::builder()?;
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
    builder.set_version(2)?;
    builder.set_serial_number(serial.to_asn1_integer()?.as_ref())?;
    builder.set_subject_name(subject)?;
    builder.set_issuer_name(issuer)?;
    builder.set_pubkey(key)?;
    builder.set_not_before(Asn1Time::days_from_now(0)?.as_ref())?;
    builder.set_not_after(Asn1Time::days_from_now(DAYS)?.as_ref())?;
    Ok(builder)
}

fn authority() -> Result<(X509, PKey<Private>), ErrorStack> {
    let (key, name) = (fresh_key()?, named("Claimsmith development authority")?);
    let mut builder = begin(&name, &name, &key)?;
    builder.append_extension(BasicConstraints::new().critical().ca().pathlen(0).build()?)?;
    builder.append_extension(KeyUsage::new().critical().key_cert_sign().build()?)?;
    let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
    builder.append_extension(identifier)?;
    builder.sign(&key, MessageDigest::sha256())?;
    Ok((builder.build(), key))
}

fn leaf(ca: &X509, ca_key: &PKey<Private>) -> Result<(X509, PKey<Private>), ErrorStack> {
    let key = fresh_key()?;
    let mut builder = begin(&named("localhost")?, &named("Claimsmith development authority")?, &key)?;
    builder.append_extension(BasicConstraints::new().critical().build()?)?;
    builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
    builder.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
    let context = builder.x509v3_context(Some(ca), None);
    let names = SubjectAlternativeName::new().dns("localhost").ip("127.0.0.1").ip("::1").build(&context)?;
    builder.append_extension(names)?;
    builder.sign(ca_key, MessageDigest::sha256())?;
    Ok((builder.build(), key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_certificate_is_signed_by_the_authority_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = DevelopmentFiles::in_folder(folder.path()).expect("made");
        let read = |path: &Path| X509::from_pem(&fs::read(path).expect("read")).expect("a certificate");
        let (ca, certificate) = (read(&files.ca_file), read(&files.certificate_file));
        assert!(certificate.verify(&ca.public_key().expect("a key")).expect("verified"));
        assert_eq!(fs::metadata(&files.key_file).expect("there").permissions().mode() & 0o777, 0o600);
        DevelopmentFiles::in_folder(folder.path()).expect("kept");
        assert_eq!(read(&files.ca_file), ca, "a second start makes nothing new");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 3, "the authority's key is nowhere");
    }
}
