//! Keys: [`SigningKey`] (private) and [`VerifyingKey`] (public). One key serves one algorithm.

mod ecdsa;
mod public;
mod rsa;
mod signing;
mod verifying;

pub(crate) use public::{PublicMaterial, thumbprint};
pub use signing::SigningKey;
pub use verifying::VerifyingKey;

#[cfg(test)]
mod tests;
