//! Compiled code at rest. Bytes that are mapped and executed: only what our own child wrote, sealed with our own key.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use claimsmith_jose::{Digest, hmac_sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::fault::HostFault;

/// Bytes of the seal that stands before the code.
const SEAL: usize = 32;
/// Separates this use of the key from every other.
const PURPOSE: &[u8] = b"claimsmith compiled plugin v1\0";

/// Seals, keeps and opens compiled code.
#[derive(Clone)]
pub(crate) struct Artifacts {
    folder: Option<PathBuf>,
    key: [u8; 32],
    compatibility_digest: Digest,
}

impl std::fmt::Debug for Artifacts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Artifacts").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Artifacts {
    /// Makes the folder, private to this user, if there is to be one.
    pub(crate) fn new(folder: Option<&Path>, key: [u8; 32], engine: &Engine) -> Result<Self, HostFault> {
        if let Some(folder) = folder {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(HostFault::Cache)?;
        }
        Ok(Self { folder: folder.map(Path::to_owned), key, compatibility_digest: compatibility(engine) })
    }

    /// Seals code and keeps it. A file of that name is replaced as a whole.
    pub(crate) fn keep(&self, digest: &Digest, code: &[u8]) -> Result<(), HostFault> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let Some(path) = self.path(digest) else { return Ok(()) };
        let unique = format!("tmp-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let beside = path.with_extension(unique);
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
            file.write_all(self.seal(digest, code).as_bytes())?;
            file.write_all(code)?;
            fs::rename(&beside, &path)
        };
        write().map_err(|error| {
            // What is left of a failed attempt is rubbish; there may be nothing.
            let _ = fs::remove_file(&beside);
            HostFault::Cache(error)
        })
    }

    /// The kept code of a digest. `None`: there is none for this engine, or it is not what we wrote.
    pub(crate) fn kept(&self, digest: &Digest, engine: &Engine) -> Result<Option<Component>, HostFault> {
        let Some(path) = self.path(digest) else { return Ok(None) };
        let mut bytes = Vec::new();
        match File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(HostFault::Cache(error)),
        }
        Ok(self.open(digest, &bytes, engine))
    }

    /// Verifies the seal and maps the very bytes that were verified.
    fn open(&self, digest: &Digest, bytes: &[u8], engine: &Engine) -> Option<Component> {
        let (seal, code) = bytes.split_at_checked(SEAL)?;
        let seal = Digest::try_from(seal).ok()?;
        if seal != self.seal(digest, code) {
            tracing::warn!(plugin = %digest.to_hex(), "compiled plugin has a wrong seal and is compiled anew");
            return None;
        }
        trusted(engine, code).inspect_err(|error| tracing::warn!(%error, "compiled plugin cannot be mapped")).ok()
    }

    /// Binds code to the upload it came from and to the engine it was made for. Comparing seals takes constant time.
    fn seal(&self, digest: &Digest, code: &[u8]) -> Digest {
        hmac_sha256(&self.key, &[PURPOSE, digest.as_bytes(), self.compatibility_digest.as_bytes(), code])
    }

    fn path(&self, digest: &Digest) -> Option<PathBuf> {
        let engine = &self.compatibility_digest.to_hex()[..16];
        Some(self.folder.as_ref()?.join(format!("{}-{engine}.code", digest.to_hex())))
    }
}

/// Maps code that our own child compiled.
#[allow(unsafe_code)]
pub(crate) fn trusted(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `deserialize` executes what it is given. The two callers give it only what our compiling child wrote: bytes
    // fresh from the child's pipe, or bytes whose HMAC under the server's own key was verified just before, held in this
    // process all the while and never read from a path again.
    unsafe { Component::deserialize(engine, code) }
}

/// A digest of everything in engine and machine that compiled code depends on.
pub(crate) fn compatibility(engine: &Engine) -> Digest {
    let mut collector = Collector(Vec::new());
    engine.precompile_compatibility_hash().hash(&mut collector);
    Digest::of(&collector.0)
}

/// Collects what is hashed, so that the digest is the same in every build of this program.
struct Collector(Vec<u8>);

impl Hasher for Collector {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}
