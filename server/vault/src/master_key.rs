//! The one key that everything at rest depends on. It lives in a file outside the database.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt};
use std::path::Path;

use claimsmith_jose::{Digest, Secret, base64url, hmac_sha256};
use zeroize::Zeroizing;

use crate::fault::MasterKeyFault;
use crate::private_file::is_private;

/// Nothing that holds a key is longer than this many bytes.
const MAX_FILE_BYTES: u64 = 128;

/// 32 random bytes. Never printed, never used directly: only keys derived for one [`Purpose`] are.
#[derive(Debug)]
pub struct MasterKey {
    key: Secret<[u8; 32]>,
    id: MasterKeyId,
}

/// The public name of a master key: 8 bytes derived from it, shown as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MasterKeyId(pub(crate) [u8; 8]);

/// What a derived key is for. Keys of different purposes have nothing to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Sealing values at rest.
    Sealing,
    /// Authenticating compiled plugins in the private folder of a node.
    CompiledPlugins,
    /// Nonces of DPoP proofs.
    DpopNonces,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Sealing => b"claimsmith v1 sealing",
            Self::CompiledPlugins => b"claimsmith v1 compiled plugins",
            Self::DpopNonces => b"claimsmith v1 dpop nonces",
        }
    }
}

impl MasterKey {
    /// Takes over 32 random bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let key = Secret::new(bytes);
        let name = expand(key.expose(), b"claimsmith v1 master key id");
        let mut id = [0; 8];
        id.copy_from_slice(&Digest::of(name.expose()).as_bytes()[..8]);
        Self { key, id: MasterKeyId(id) }
    }

    /// Makes a new key.
    pub fn generate() -> Result<Self, MasterKeyFault> {
        let mut bytes = Zeroizing::new([0; 32]);
        openssl::rand::rand_priv_bytes(&mut *bytes)?;
        Ok(Self::from_bytes(*bytes))
    }

    /// Reads the key from a file that only its owner can reach, or a credential of systemd: 64 hexadecimal digits, 43 characters of base64url (both
    /// may end with a newline), or 32 raw bytes.
    pub fn read(path: &Path) -> Result<Self, MasterKeyFault> {
        let unreadable = |source| MasterKeyFault::Unreadable { path: path.to_owned(), source };
        // Asked before opening, for opening a pipe would wait for a writer; and again of what was opened.
        if !path.metadata().map_err(unreadable)?.is_file() {
            return Err(MasterKeyFault::NotAFile { path: path.to_owned() });
        }
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(MasterKeyFault::NotAFile { path: path.to_owned() });
        }
        // Security: whoever reads this file opens every sealed value; whoever writes it chooses the key.
        if !is_private(path, &metadata) {
            return Err(MasterKeyFault::Permissions { path: path.to_owned(), mode: metadata.mode() & 0o7777 });
        }
        let mut contents = Zeroizing::new(Vec::with_capacity(MAX_FILE_BYTES as usize + 1));
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut contents).map_err(unreadable)?;
        let bytes = parse(&contents).ok_or_else(|| MasterKeyFault::Malformed { path: path.to_owned() })?;
        Ok(Self::from_bytes(*bytes))
    }

    /// Writes the key to a new file with mode 0600, as one line of base64url, and waits until it is on the disk. An
    /// existing file is never touched.
    pub fn write_new(&self, path: &Path) -> Result<(), MasterKeyFault> {
        self.try_write_new(path).map_err(|source| MasterKeyFault::Unwritable { path: path.to_owned(), source })
    }

    fn try_write_new(&self, path: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let mut line = Zeroizing::new(Vec::with_capacity(44));
        base64url::encode_into(self.key.expose(), &mut line);
        line.push(b'\n');
        let written = file.write_all(&line).and_then(|()| file.sync_all());
        if written.is_err() {
            // Half a key helps nobody and would block the next attempt. The first error is the one to report.
            let _ = std::fs::remove_file(path);
            return written;
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(parent)?.sync_all()
    }

    /// The key's public name.
    pub const fn id(&self) -> MasterKeyId {
        self.id
    }

    /// Derives the key for one purpose (HKDF-Expand, RFC 5869 §2.3; the extraction step is left out because the master
    /// key is uniformly random, §3.3).
    pub fn derive(&self, purpose: Purpose) -> Secret<[u8; 32]> {
        expand(self.key.expose(), purpose.label())
    }
}

impl MasterKeyId {
    /// Reads 16 hexadecimal digits, as [`fmt::Display`] writes them.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 16).then(|| decode_hex(text.as_bytes()).map(Self)).flatten()
    }
}

impl fmt::Display for MasterKeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for MasterKeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MasterKeyId({self})")
    }
}

/// The first 32 bytes of HKDF-Expand with SHA-256.
fn expand(key: &[u8], info: &[u8]) -> Secret<[u8; 32]> {
    Secret::new(*hmac_sha256(key, &[info, &[1]]).as_bytes())
}

fn parse(contents: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = match <[u8; 32]>::try_from(contents) {
        // 32 printable characters are a passphrase or 128 bits in hexadecimal, not a key: chance makes them once in 2^45.
        Ok(raw) => (!raw.iter().all(u8::is_ascii_graphic)).then_some(raw)?,
        Err(_) => match contents.trim_ascii() {
            hex if hex.len() == 64 => decode_hex(hex)?,
            text => Zeroizing::new(base64url::decode(text).ok()?).as_slice().try_into().ok()?,
        },
    };
    (bytes != [0; 32]).then(|| Zeroizing::new(bytes))
}

fn decode_hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
