//! What an uploaded component is, before any of it is compiled or stored.

mod imports;
mod shape;
mod strip;

use claimsmith_issuer::hook::HookPoint;
use claimsmith_jose::Digest;

use crate::fault::UploadRefusal;
use crate::manifest::Manifest;
use crate::settings::Settings;

/// An uploaded component that may be compiled.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// SHA-256 of the bytes as they were uploaded.
    pub digest: Digest,
    /// The component without its custom sections: what is stored and compiled.
    pub component: Vec<u8>,
    /// The hook points it exports.
    pub hooks: Vec<HookPoint>,
    /// The interfaces it imports, with versions.
    pub imports: Vec<String>,
    /// What it says about itself.
    pub manifest: Option<Manifest>,
    /// Linear memory it starts with, bytes.
    pub initial_memory: u64,
    /// What its author should know.
    pub warnings: Vec<String>,
}

/// Looks at uploaded bytes. The cheap checks come first; nothing is compiled.
pub fn inspect(bytes: &[u8], settings: &Settings) -> Result<Inspection, UploadRefusal> {
    if bytes.len() > settings.upload {
        return Err(UploadRefusal::TooBig { bytes: bytes.len(), limit: settings.upload });
    }
    recognise(bytes)?;
    let stripped = strip::strip(bytes)?;
    if stripped.component.len() > settings.component {
        return Err(UploadRefusal::ComponentTooBig { bytes: stripped.component.len(), limit: settings.component });
    }
    let shape = shape::validate(&stripped.component, settings)?;
    let hooks: Vec<HookPoint> = HookPoint::ALL.into_iter().filter(|point| shape.exports.contains(&imports::hook(*point))).collect();
    imports::check(&shape.imports)?;
    if hooks.is_empty() {
        return Err(UploadRefusal::NoHooks);
    }
    let manifest = stripped.manifest.as_deref().map(Manifest::parse).transpose()?;
    let mut warnings = Vec::new();
    if shape.initial_memory > settings.memory_keep_resident as u64 {
        warnings.push(format!(
            "the component starts with {} KiB of memory; above {} KiB each call is slower: link it with a 64 KiB stack \
             (-zstack-size=65536) and keep static buffers small",
            shape.initial_memory >> 10,
            settings.memory_keep_resident >> 10
        ));
    }
    Ok(Inspection {
        digest: Digest::of(bytes),
        component: stripped.component,
        hooks,
        imports: shape.imports,
        manifest,
        initial_memory: shape.initial_memory,
        warnings,
    })
}

/// Only components are accepted, never code that someone else compiled.
fn recognise(bytes: &[u8]) -> Result<(), UploadRefusal> {
    if bytes.starts_with(b"\x7fELF") || bytes.starts_with(b"!<arch>") || bytes.starts_with(b"MZ") {
        return Err(UploadRefusal::NativeCode);
    }
    match bytes.get(..8) {
        Some(b"\0asm\x0d\0\x01\0") => Ok(()),
        Some(b"\0asm\x01\0\0\0") => Err(UploadRefusal::CoreModule),
        _ => Err(UploadRefusal::NotWebAssembly),
    }
}
