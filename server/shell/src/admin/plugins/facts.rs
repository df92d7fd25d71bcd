//! What bindings need to know of a plugin.

use claimsmith_jose::Digest;
use claimsmith_store::{PluginRecord, VersionState};
use serde_json::Value;

use crate::admin::Call;
use crate::admin::problem::Problem;

/// Fewest digits of a shortened digest.
const DIGITS_MIN: usize = 8;

/// A plugin, as bindings see it.
#[derive(Debug, Clone)]
pub(crate) struct PluginFacts {
    pub(crate) name: Box<str>,
    pub(crate) active: Option<Digest>,
    /// The latest upload first.
    pub(crate) versions: Vec<VersionFacts>,
}

/// One of its versions.
#[derive(Debug, Clone)]
pub(crate) struct VersionFacts {
    pub(crate) digest: Digest,
    pub(crate) disabled: bool,
    /// The JSON Schema of its configuration; any JSON will do when absent.
    pub(crate) schema: Option<Value>,
}

impl PluginFacts {
    pub(crate) fn version(&self, digest: &Digest) -> Option<&VersionFacts> {
        self.versions.iter().find(|version| version.digest == *digest)
    }

    /// The schema a configuration must fit: of the pinned version, of the active one, of the latest while none is active.
    pub(crate) fn schema_for(&self, pinned: Option<&Digest>) -> Option<Value> {
        let chosen = pinned.or(self.active.as_ref()).and_then(|digest| self.version(digest));
        chosen.or(self.versions.first())?.schema.clone()
    }
}

impl From<&PluginRecord> for PluginFacts {
    fn from(record: &PluginRecord) -> Self {
        let schema = |manifest: &str| {
            let manifest: Value = serde_json::from_str(manifest).ok()?;
            manifest.get("configuration_schema").filter(|schema| !schema.is_null()).cloned()
        };
        let versions = record.versions.iter().map(|version| VersionFacts {
            digest: version.digest,
            disabled: version.state == VersionState::Disabled,
            schema: schema(&version.manifest),
        });
        Self { name: record.name.clone(), active: record.active, versions: versions.collect() }
    }
}

/// The plugin of a name.
pub(crate) async fn load(call: &Call<'_>, name: &str) -> Result<Option<PluginFacts>, Problem> {
    Ok(call.store().load_plugin(name).await?.as_ref().map(PluginFacts::from))
}

/// The one digest that begins so.
pub(crate) fn find_digest(digests: impl Iterator<Item = Digest>, text: &str) -> Result<Digest, String> {
    let wanted = text.to_ascii_lowercase();
    let hex = !wanted.is_empty() && wanted.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !hex || wanted.len() < DIGITS_MIN || wanted.len() > 64 {
        return Err(format!("a version is named by its digest, {DIGITS_MIN} to 64 hexadecimal digits"));
    }
    let mut found = digests.filter(|digest| digest.to_hex().starts_with(&wanted));
    match (found.next(), found.next()) {
        (Some(digest), None) => Ok(digest),
        (Some(_), Some(_)) => Err(format!("several versions begin with {wanted}")),
        (None, _) => Err(format!("there is no version {wanted}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_may_be_shortened_while_they_are_unmistakable() {
        let mut bytes = [7; 32];
        let one = Digest::from_bytes(bytes);
        bytes[31] = 8;
        let two = Digest::from_bytes(bytes);
        let other = Digest::of(b"x");
        let all = [one, two, other];
        let find = |text: &str| find_digest(all.into_iter(), text);
        assert_eq!(find(&other.to_hex()[..8]), Ok(other));
        assert_eq!(find(&two.to_hex().to_uppercase()), Ok(two));
        assert!(find(&one.to_hex()[..60]).unwrap_err().contains("several"));
        assert!(find(&other.to_hex()[..7]).is_err());
        assert!(find("deadbeefdead").unwrap_err().contains("no version"));
        assert!(find("active").is_err());
    }
}
