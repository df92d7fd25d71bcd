//! What every node holds in memory, beside the clients it has met: one consistent picture with its generation.

use claimsmith_issuer::binding::Binding;
use claimsmith_issuer::resource::Resource;
use claimsmith_issuer::trust::TrustedIssuer;

use crate::changes;
use crate::fault::Fault;
use crate::keys::{self, KeyRow};
use crate::plugins::{self, PluginRecord};
use crate::store::Store;
use crate::{bindings, resources, trusted_issuers};

/// Everything but clients.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The number of the latest change it contains.
    pub generation: i64,
    /// Every resource.
    pub resources: Vec<Resource>,
    /// Every trusted issuer.
    pub trusted: Vec<TrustedIssuer>,
    /// Bindings on every client and on tags, in order; those on all clients first.
    pub bindings: Vec<Binding>,
    /// Every plugin with its versions, without their code.
    pub plugins: Vec<PluginRecord>,
    /// Every signing key, sealed.
    pub keys: Vec<KeyRow>,
}

impl Store {
    /// Loads the policy as of one moment.
    pub async fn load_policy(&self) -> Result<Policy, Fault> {
        self.boundary
            .snapshot(|tx| {
                Ok(Policy {
                    generation: changes::current(tx)?,
                    resources: resources::list(tx, None, i64::MAX)?.into_iter().map(|record| record.resource).collect(),
                    trusted: trusted_issuers::list(tx, None, i64::MAX)?.into_iter().map(|record| record.trusted).collect(),
                    bindings: bindings::shared(tx)?,
                    plugins: plugins::list(tx)?,
                    keys: keys::list(tx)?,
                })
            })
            .await
    }
}
