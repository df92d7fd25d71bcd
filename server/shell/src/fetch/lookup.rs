//! Names to addresses, those out of bounds left out.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{Errand, FetchRefusal, Guard};

/// A way to resolve host names.
pub trait Lookup: Send + Sync {
    /// All addresses of `host`.
    fn lookup(&self, host: &str) -> Errand<io::Result<Vec<IpAddr>>>;
}

/// The system's way: hosts file, DNS, whatever it is set to.
#[derive(Debug)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: &str) -> Errand<io::Result<Vec<IpAddr>>> {
        let host = host.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect()) })
    }
}

/// What the HTTP client resolves names with.
///
/// Security: the client connects to what this returns and asks no second time, so a name that means something else a
/// moment later (rebinding) is of no use.
#[derive(Clone)]
pub(super) struct GuardedLookup {
    pub(super) guard: Arc<Guard>,
    pub(super) lookup: Arc<dyn Lookup>,
}

impl GuardedLookup {
    async fn resolve(self, host: String) -> Result<Vec<IpAddr>, FetchRefusal> {
        let unresolvable = |cause: io::Error| FetchRefusal::Unresolvable(cause.to_string().into());
        let mut addresses = self.lookup.lookup(&host).await.map_err(unresolvable)?;
        if addresses.is_empty() {
            return Err(FetchRefusal::Unresolvable("no addresses".into()));
        }
        if !self.guard.trusts(&host) {
            addresses.retain(|&address| self.guard.admits(address));
        }
        if addresses.is_empty() { Err(FetchRefusal::OutOfBounds) } else { Ok(addresses) }
    }
}

impl Resolve for GuardedLookup {
    fn resolve(&self, name: Name) -> Resolving {
        let resolved = self.clone().resolve(name.as_str().to_owned());
        Box::pin(async move {
            // Port 0: the client puts in the URL's.
            let addresses = resolved.await?.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
