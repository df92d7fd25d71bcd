//! What can go wrong in the vault. All of it is ours; the messages are for operators and hold no secret.

use std::path::PathBuf;

use claimsmith_jose::JoseFault;

use crate::master_key::MasterKeyId;

/// The file of the master key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyFault {
    /// It cannot be opened or read.
    #[error("cannot read the master key file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It is a directory, a device or a pipe.
    #[error("the master key file {} is not a regular file", path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// Others than its owner may read or write it.
    #[error(
        "the master key file {} has mode {mode:04o}: others than its owner can reach it; run: chmod 600 {}",
        path.display(),
        path.display()
    )]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Its contents are no key.
    #[error(
        "the master key file {} holds no master key: expected 32 random bytes, as 64 hexadecimal digits, as 43 characters of \
         base64url, or raw; `openssl rand -hex 32` makes one",
        path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// A new key file cannot be written; an existing one is never overwritten.
    #[error("cannot write the new master key file {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// OpenSSL has no randomness.
    #[error("the cryptographic library failed")]
    OpenSsl(#[from] openssl::error::ErrorStack),
}

/// A value could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealFault {
    /// It was sealed under a master key that we do not hold.
    #[error("the value is sealed under master key {key_id}, which is not configured; configured: {configured}")]
    UnknownKey {
        /// The key that would open it.
        key_id: MasterKeyId,
        /// The keys that we hold, the current one first.
        configured: String,
    },
    /// It was altered, or moved here from another table, column or row.
    #[error("the sealed value in {table}.{column} of row {row} was altered or moved")]
    Tampered {
        /// Table it was read from.
        table: &'static str,
        /// Column it was read from.
        column: &'static str,
        /// Row it was read from.
        row: String,
    },
    /// It is too short to be a sealed value, or of a format that this version does not know.
    #[error("the value in {table}.{column} of row {row} is not a sealed value of a known format")]
    Malformed {
        /// Table it was read from.
        table: &'static str,
        /// Column it was read from.
        column: &'static str,
        /// Row it was read from.
        row: String,
    },
    /// OpenSSL reported an error.
    #[error("the cryptographic library failed")]
    OpenSsl(#[from] openssl::error::ErrorStack),
}

/// Keys could not be opened, or a token could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum VaultFault {
    /// A sealed private key does not open.
    #[error("signing key {kid} cannot be opened")]
    Sealed {
        /// The key.
        kid: String,
        /// Why.
        source: SealFault,
    },
    /// A sealed value could not be made or opened.
    #[error("sealing or opening under the master key failed")]
    Sealing(#[source] SealFault),
    /// A private key is not what its row says.
    #[error("signing key {kid} is unusable")]
    Unusable {
        /// The key.
        kid: String,
        /// Why.
        source: JoseFault,
    },
    /// What was opened is another key than the row names.
    #[error("signing key {kid} is not the key of that name")]
    OtherKey {
        /// The name in the row.
        kid: String,
    },
    /// Two rows hold the same key. One key serves one algorithm.
    #[error("signing key {kid} is stored twice")]
    DuplicateKey {
        /// The key.
        kid: String,
    },
    /// A header member that only the vault sets.
    #[error("header member {name} may not be set")]
    ReservedHeader {
        /// The member.
        name: String,
    },
    /// A header member whose value is no JSON, or that is named twice.
    #[error("header member {name} has a malformed value or is named twice")]
    MalformedHeader {
        /// The member.
        name: String,
    },
    /// A signature or key generation failed.
    #[error("the cryptographic library failed")]
    Crypto(#[from] JoseFault),
}
