//! What a plugin says about itself, as `plugin-sdk/FIXTURES.md` defines it.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::fault::UploadRefusal;
use crate::json;

/// The manifest a plugin carries. Wishes and descriptions only: it grants nothing.
#[derive(Debug, Clone, Deserialize)]
pub struct Manifest {
    manifest: u32,
    /// The plugin's name: lower-case letters, digits, `-` and `_`, at most 64.
    pub name: String,
    /// The author's version.
    pub version: String,
    /// One line about it; may be empty.
    pub description: String,
    /// Version of the SDK that built it.
    pub sdk: String,
    /// The hook points it means to export, by WIT interface name.
    pub hooks: Vec<String>,
    /// Permissions it would like on a binding.
    pub permissions: Vec<String>,
    /// JSON Schema of the binding's configuration; `None` where any JSON will do.
    pub configuration_schema: Option<Box<RawValue>>,
    /// Its self-test vectors, a JSON array.
    pub fixtures: Box<RawValue>,
}

/// Bytes of a manifest, fixtures included.
const SIZE: usize = 1 << 20;

impl Manifest {
    /// Parses the content of the custom section.
    pub fn parse(bytes: &[u8]) -> Result<Self, UploadRefusal> {
        let refuse = |message: &str| UploadRefusal::Manifest(message.to_owned());
        if bytes.len() > SIZE {
            return Err(refuse("it is longer than 1 MiB"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8"))?;
        json::check_deep(text).map_err(refuse)?;
        let manifest: Self = serde_json::from_str(text).map_err(|error| UploadRefusal::Manifest(error.to_string()))?;
        if manifest.manifest != 1 {
            return Err(refuse("its version is not 1"));
        }
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        if manifest.name.is_empty() || manifest.name.len() > 64 || !manifest.name.bytes().all(is_plain) {
            return Err(refuse("its name is not 1 to 64 lower-case letters, digits, - and _"));
        }
        if manifest.version.len() > 64 || manifest.description.len() > 1024 {
            return Err(refuse("its version or description is too long"));
        }
        if manifest.version.chars().chain(manifest.description.chars()).any(char::is_control) {
            return Err(refuse("its version or description contains control characters"));
        }
        Ok(manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, version: u32) -> String {
        format!(
            r#"{{"manifest":{version},"name":"{name}","version":"0.1.0","description":"","sdk":"0.1.0","hooks":[],
               "permissions":["claim:org"],"configuration_schema":null,"fixtures":[],"later":1}}"#
        )
    }

    #[test]
    fn known_members_are_read_and_unknown_ones_ignored() {
        let parsed = Manifest::parse(manifest("tenant-claims", 1).as_bytes()).unwrap();
        assert_eq!((parsed.name.as_str(), parsed.permissions.len()), ("tenant-claims", 1));
        assert!(parsed.configuration_schema.is_none());
    }

    #[test]
    fn other_versions_and_odd_names_are_refused() {
        for text in [manifest("a", 2), manifest("", 1), manifest("Ä", 1), manifest("a b", 1), manifest("../x", 1)] {
            assert!(Manifest::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Manifest::parse(b"{}").is_err());
        assert!(Manifest::parse(b"\xff").is_err());
    }
}
