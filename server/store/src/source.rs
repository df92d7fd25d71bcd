//! Where the database is: the only fork between `dev` and production.

use crate::embedded::{Embedded, EmbeddedFault, EmbeddedSettings};

/// Where the database comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A PostgreSQL somebody else runs, by its connection URI.
    ///
    /// TLS is libpq's: `sslmode=verify-full&sslrootcert=/etc/claimsmith/db-ca.pem`, with `sslcert` and `sslkey` where the
    /// server asks for a certificate. A password belongs in a `passfile`, not in the URI.
    Url(String),
    /// A private PostgreSQL that lives and dies with this process.
    Embedded(EmbeddedSettings),
}

/// A source that has been opened: keep it for as long as the store lives.
#[derive(Debug)]
pub enum Database {
    /// Somebody else's.
    Outside(String),
    /// Ours; dropping it shuts it down.
    Private(Embedded),
}

impl Source {
    /// Starts what has to be started. Blocks: about 150 ms for an existing private cluster, seconds for a new one.
    pub fn open(&self) -> Result<Database, EmbeddedFault> {
        match self {
            Self::Url(url) => Ok(Database::Outside(url.clone())),
            Self::Embedded(settings) => Embedded::start(settings).map(Database::Private),
        }
    }
}

impl Database {
    /// The connection URI.
    pub fn url(&self) -> &str {
        match self {
            Self::Outside(url) => url,
            Self::Private(embedded) => embedded.url(),
        }
    }
}
