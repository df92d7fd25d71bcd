//! The secret that all nodes share and that outlives master keys, and what is made with it: refresh tokens, pairwise subjects, and
//! the tokens in forms.

use claimsmith_issuer::person::UserId;
use claimsmith_issuer::subject::Pairwise;
use claimsmith_jose::{Digest, Secret, hmac_sha256};
use claimsmith_protocol::handle::{DeviceSecret, GrantId, RefreshClaim, RefreshToken};
use claimsmith_store::Store;
use claimsmith_vault::{Sealer, VaultFault};

use crate::failure::Fault;
use crate::seals;

/// Its name in the database.
const NAME: &str = "people";

/// A secret of all nodes by its name; where there is none yet, `fresh` makes it, and of several nodes that start at once one's counts.
pub(crate) async fn held_or_made(
    store: &Store,
    sealer: &Sealer,
    name: &'static str,
    fresh: impl AsyncFnOnce() -> Result<Secret<Vec<u8>>, Fault>,
) -> Result<Secret<Vec<u8>>, Fault> {
    let sealing = |fault| Fault::Vault(VaultFault::Sealing(fault));
    let held = match store.held_server_secret(name).await? {
        Some(held) => held,
        None => {
            let sealed = sealer.seal(&seals::server_secret(name), fresh().await?.expose()).map_err(sealing)?;
            store.server_secret(name, sealed).await?
        }
    };
    sealer.open(&seals::server_secret(name), &held).map_err(sealing)
}

/// Keys derived from it, each for one use.
#[derive(Debug)]
pub struct SharedSecret {
    refresh: Secret<[u8; 32]>,
    forms: Secret<[u8; 32]>,
    upstream: Secret<[u8; 32]>,
    devices: Secret<[u8; 32]>,
    /// Makes subjects.
    pub subjects: Pairwise,
}

impl SharedSecret {
    /// Reads the secret; where there is none yet, one of the nodes makes it.
    pub async fn open(store: &Store, sealer: &Sealer) -> Result<Self, Fault> {
        let fresh = async || {
            let mut fresh = vec![0; 32];
            rand::Rng::fill_bytes(&mut rand::rng(), &mut fresh);
            Ok(Secret::new(fresh))
        };
        let root = held_or_made(store, sealer, NAME, fresh).await?;
        let derive = |label: &str| Secret::new(*hmac_sha256(root.expose(), &[label.as_bytes()]).as_bytes());
        Ok(Self {
            refresh: derive("claimsmith v1 refresh tokens"),
            forms: derive("claimsmith v1 forms"),
            upstream: derive("claimsmith v1 upstream"),
            devices: derive("claimsmith v1 devices"),
            subjects: Pairwise::new(derive("claimsmith v1 subjects")),
        })
    }

    /// The refresh token of a number.
    pub fn refresh_token(&self, grant: GrantId, number: u32) -> RefreshToken {
        RefreshToken::new(grant, number, *self.refresh_mac(grant, number).as_bytes())
    }

    /// Whether a refresh token was once made here. Security: compared in constant time, as all digests are.
    pub fn is_genuine(&self, claim: &RefreshClaim) -> bool {
        self.refresh_mac(claim.grant, claim.number) == Digest::from_bytes(claim.mac)
    }

    fn refresh_mac(&self, grant: GrantId, number: u32) -> Digest {
        hmac_sha256(self.refresh.expose(), &[&RefreshToken::message(grant, number)])
    }

    /// The secret of a device whose first app was given this grant.
    pub fn device_secret(&self, grant: GrantId) -> DeviceSecret {
        DeviceSecret::new(grant, *self.device_mac(grant).as_bytes())
    }

    /// The grant that a device's secret is of; absent where we did not make it. Security: compared in constant time, as all digests are.
    pub fn device_of(&self, secret: &str) -> Option<GrantId> {
        DeviceSecret::read(secret).filter(|(grant, mac)| self.device_mac(*grant) == Digest::from_bytes(*mac)).map(|(grant, _)| grant)
    }

    fn device_mac(&self, grant: GrantId) -> Digest {
        hmac_sha256(self.devices.expose(), &[grant.as_bytes()])
    }

    /// The token that makes a form good in one browser and for one purpose: `purpose` names the page or the flow.
    pub fn form_token(&self, browser: &str, purpose: &str) -> String {
        let length = (browser.len() as u64).to_be_bytes();
        hmac_sha256(self.forms.expose(), &[&length, browser.as_bytes(), purpose.as_bytes()]).to_base64url()
    }

    /// What goes to another provider with a person, one value for each use: nothing of it is kept, and it comes back in the same
    /// browser, flow and attempt alone.
    pub fn upstream_value(&self, used_as: &str, browser: &str, flow: &str, attempt: &str) -> String {
        let parts = [used_as, browser, flow, attempt];
        let message: Vec<u8> = parts.iter().flat_map(|part| (part.len() as u64).to_be_bytes().into_iter().chain(part.bytes())).collect();
        hmac_sha256(self.upstream.expose(), &[&message]).to_base64url()
    }

    /// The state of a browser in which this session is, as clients' pages may watch it: it tells nothing of the session.
    pub fn browser_state(&self, session_id: &str) -> String {
        hmac_sha256(self.forms.expose(), &[b"browser state\0", session_id.as_bytes()]).to_base64url()
    }

    /// By what a user code is found. It is short: who reads the database and has no key finds none.
    pub fn user_code_digest(&self, code: &str) -> Digest {
        hmac_sha256(self.forms.expose(), &[b"user code\0", code.as_bytes()])
    }

    /// The digest of a person's code for requests. It is short: who reads the database and has no key finds none.
    pub fn request_code_digest(&self, user: &UserId, code: &str) -> Digest {
        hmac_sha256(self.forms.expose(), &[b"request code\0", user.as_str().as_bytes(), b"\0", code.as_bytes()])
    }

    /// Whether a form came from our page in this browser.
    pub fn is_form_token(&self, presented: &str, browser: &str, purpose: &str) -> bool {
        // Security: digests of both, so that the comparison takes the same time for all.
        Digest::of(presented.as_bytes()) == Digest::of(self.form_token(browser, purpose).as_bytes())
    }
}
