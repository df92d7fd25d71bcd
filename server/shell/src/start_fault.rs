//! Why a server did not start. Every text says what is wrong and what to do about it.

use std::io;
use std::path::PathBuf;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// The configuration.
    #[error("{0}")]
    Config(#[from] crate::config::Problems),
    /// A file that should hold the database's URL or password.
    #[error(transparent)]
    Secret(#[from] crate::config::UnreadableSecret),
    /// The master key's file.
    #[error(transparent)]
    MasterKey(#[from] claimsmith_vault::MasterKeyFault),
    /// The master key is not the one that sealed what is stored.
    #[error(
        "the master key is not the one that sealed what the database holds: {0}; keys.master_key_file or \
         keys.previous_master_key_files must name the file of that key"
    )]
    Sealing(#[from] claimsmith_vault::SealFault),
    /// The private PostgreSQL.
    #[error(transparent)]
    Embedded(#[from] claimsmith_store::EmbeddedFault),
    /// The database.
    #[error(transparent)]
    Store(#[from] claimsmith_store::Fault),
    /// The signing keys.
    #[error(transparent)]
    Keys(#[from] crate::key_life::KeyLifeFault),
    /// The policy.
    #[error(transparent)]
    Policy(#[from] crate::freshness::PolicyFault),
    /// The sandbox.
    #[error(transparent)]
    Hooks(#[from] claimsmith_hooks::HostFault),
    /// The outbound guard.
    #[error(transparent)]
    Fetch(#[from] crate::fetch::FetchFault),
    /// The desk for costly secrets.
    #[error(transparent)]
    SecretDesk(#[from] crate::secret_desk::SecretDeskFault),
    /// What people sign in with.
    #[error(transparent)]
    People(#[from] crate::people::PeopleFault),
    /// What nodes share.
    #[error("what the nodes share could not be read: {0}")]
    Shared(#[source] crate::failure::Fault),
    /// The pages.
    #[error("{setting}: {0}", setting = .0.setting())]
    Pages(#[from] crate::pages::PagesFault),
    /// The types of authorization details.
    #[error("authorize.details_types_file: {0}")]
    DetailTypes(#[from] crate::detail_types::DetailTypesFault),
    /// A listener.
    #[error(transparent)]
    Door(#[from] crate::listen::DoorFault),
    /// The development certificate.
    #[error(transparent)]
    Authority(#[from] crate::tls::authority::AuthorityFault),
    /// The authorities of clients' certificates.
    #[error("client_auth.ca_file: {0}")]
    ClientTrust(#[from] crate::tls::TlsFault),
    /// Threads and signals.
    #[error("the system refused what a server needs: {0}")]
    Runtime(#[source] io::Error),
    /// A file of the data directory.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another server runs in this data directory.
    #[error("another server is running in {}; stop it, or choose another folder with --data-dir", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The demo could not be loaded.
    #[error("the demo could not be loaded: {0}")]
    Demo(String),
}
