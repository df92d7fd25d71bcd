//! The plugins a node has ready: an immutable snapshot, replaced as a whole.

use std::collections::HashMap;
use std::sync::Arc;

use claimsmith_jose::Digest;

use crate::plugin::Plugin;

/// Loaded plugins by digest, and the active digest of each name. A request keeps the snapshot it began with.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    plugins: HashMap<Digest, Arc<Plugin>>,
    active: HashMap<Box<str>, Digest>,
}

impl Registry {
    /// A snapshot with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a plugin under its digest.
    pub fn insert(&mut self, plugin: Arc<Plugin>) {
        self.plugins.insert(*plugin.digest(), plugin);
    }

    /// Makes a digest the active version of a name. The plugin may be loaded later.
    pub fn activate(&mut self, name: &str, digest: Digest) {
        self.active.insert(name.into(), digest);
    }

    /// Keeps only the plugins whose digest is wanted.
    pub fn retain(&mut self, mut wanted: impl FnMut(&Digest) -> bool) {
        self.plugins.retain(|digest, _| wanted(digest));
    }

    /// The plugin of a digest.
    pub fn plugin(&self, digest: &Digest) -> Option<&Arc<Plugin>> {
        self.plugins.get(digest)
    }

    /// The active digest of a name.
    pub fn active_digest(&self, name: &str) -> Option<&Digest> {
        self.active.get(name)
    }

    /// The active plugin of a name.
    pub fn active(&self, name: &str) -> Option<&Arc<Plugin>> {
        self.plugin(self.active_digest(name)?)
    }

    /// Every name with its active plugin.
    pub fn all_active(&self) -> impl Iterator<Item = (&str, &Arc<Plugin>)> {
        self.active.iter().filter_map(|(name, digest)| Some((&**name, self.plugin(digest)?)))
    }

    /// Every loaded plugin.
    pub fn plugins(&self) -> impl Iterator<Item = &Arc<Plugin>> {
        self.plugins.values()
    }
}
