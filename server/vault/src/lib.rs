//! *Comes in*: finished claims ([`claimsmith_jose::SignableClaims`]), sealed keys as plain data, the file of the master key.
//! *Goes out*: signed compact tokens, the JWK set document, verifying keys, sealed values.
//! *May fail*: [`VaultFault`], [`SealFault`], [`MasterKeyFault`]: all of them ours, none the client's.
//! *Must never know*: who asked and why, the clock, SQL, the network.
//!
//! The road of a private key: [`StoredKey::generate`] → a row in the database, sealed under the [`MasterKey`] →
//! [`Keyring::open`] → [`Signer::sign_compact`], or [`Signer::prepare`] → [`Prepared::sign`]. It never leaves this room unsealed.

mod fault;
mod keyring;
mod master_key;
mod private_file;
mod sealing;
mod signer;
mod stored_key;

pub use fault::{MasterKeyFault, SealFault, VaultFault};
pub use keyring::Keyring;
pub use master_key::{MasterKey, MasterKeyId, Purpose};
pub use private_file::is_private;
pub use sealing::{CheckValue, Place, Sealer};
pub use signer::{Prepared, Signer};
pub use stored_key::{KeyState, StoredKey};
