//! The signing of one kind of token with one key.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use claimsmith_jose::{SignableClaims, SigningAlg, SigningKey, base64url, is_reserved_header};
use serde_json::{Map, Value};

use crate::fault::VaultFault;

/// Signs tokens of one `typ` with one key. The header is rendered once, when the signer is made.
///
/// Signing takes `&self` and no lock; threads may sign at the same time.
pub struct Signer {
    key: Arc<SigningKey>,
    typ: String,
    header_prefix: Vec<u8>,
}

impl Signer {
    /// A signer of tokens of media type `typ` (RFC 7515 §4.1.9), such as `at+jwt`.
    pub fn new(key: Arc<SigningKey>, typ: &str) -> Self {
        let header_prefix = rendered(&header(&key, typ));
        Self { key, typ: typ.to_owned(), header_prefix }
    }

    /// Appends the signed token in compact form (RFC 7515 §7.1) to `out`. Beside `out` itself, which is best given a
    /// capacity of twice the expected token, nothing is allocated for the token. When it fails, `out` is as before.
    pub fn sign_compact(&self, claims: &impl SignableClaims, out: &mut Vec<u8>) -> Result<(), VaultFault> {
        self.sign_after(&self.header_prefix, claims, out)
    }

    /// All of a token but its signature, to be signed elsewhere: on another thread, where signing is slow. `extra` as in
    /// [`Signer::sign_compact_with_header`].
    pub fn prepare<'a>(
        self: &Arc<Self>,
        extra: impl IntoIterator<Item = (&'a str, String)>,
        claims: &impl SignableClaims,
    ) -> Result<Prepared, VaultFault> {
        let mut compact = Vec::with_capacity(2_048);
        compact.extend_from_slice(&self.prefix_with(extra)?);
        append_payload(claims, &mut compact);
        Ok(Prepared { signer: Arc::clone(self), compact })
    }

    /// As [`Signer::sign_compact`], with further header members: names, each with its value as JSON text. Members that
    /// choose keys or algorithms are refused.
    pub fn sign_compact_with_header<'a>(
        &self,
        extra: impl IntoIterator<Item = (&'a str, String)>,
        claims: &impl SignableClaims,
        out: &mut Vec<u8>,
    ) -> Result<(), VaultFault> {
        self.sign_after(&self.prefix_with(extra)?, claims, out)
    }

    fn prefix_with<'a>(&self, extra: impl IntoIterator<Item = (&'a str, String)>) -> Result<Cow<'_, [u8]>, VaultFault> {
        let mut extra = extra.into_iter().peekable();
        if extra.peek().is_none() {
            return Ok(Cow::Borrowed(&self.header_prefix));
        }
        let mut members = header(&self.key, &self.typ);
        for (name, json) in extra {
            if is_reserved_header(name) {
                return Err(VaultFault::ReservedHeader { name: name.to_owned() });
            }
            let malformed = || VaultFault::MalformedHeader { name: name.to_owned() };
            let value = serde_json::from_str(&json).map_err(|_| malformed())?;
            if members.insert(name.to_owned(), value).is_some() {
                return Err(malformed());
            }
        }
        Ok(Cow::Owned(rendered(&members)))
    }

    /// The algorithm of its signatures.
    pub fn alg(&self) -> SigningAlg {
        self.key.alg()
    }

    /// The name of its key.
    pub fn kid(&self) -> &str {
        self.key.kid()
    }

    /// A signer with the same key for tokens of another `typ`.
    pub fn with_typ(&self, typ: &str) -> Self {
        Self::new(Arc::clone(&self.key), typ)
    }

    fn sign_after(&self, prefix: &[u8], claims: &impl SignableClaims, out: &mut Vec<u8>) -> Result<(), VaultFault> {
        let start = out.len();
        out.extend_from_slice(prefix);
        append_payload(claims, out);
        let signed = self.key.append_signature(out, start);
        if signed.is_err() {
            out.truncate(start);
        }
        Ok(signed?)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Signer").field("key", &self.key).field("typ", &self.typ).finish_non_exhaustive()
    }
}

/// A token that lacks its signature. There is nothing to do with it but to sign it.
#[derive(Debug)]
pub struct Prepared {
    signer: Arc<Signer>,
    compact: Vec<u8>,
}

impl Prepared {
    /// The signed token in compact form.
    pub fn sign(self) -> Result<Vec<u8>, VaultFault> {
        let Self { signer, mut compact } = self;
        signer.key.append_signature(&mut compact, 0)?;
        Ok(compact)
    }
}

fn append_payload(claims: &impl SignableClaims, out: &mut Vec<u8>) {
    let payload = out.len();
    claims.render(out);
    base64url::encode_tail(out, payload);
}

fn header(key: &SigningKey, typ: &str) -> Map<String, Value> {
    [("alg", key.alg().as_str()), ("kid", key.kid()), ("typ", typ)]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::String(value.to_owned())))
        .collect()
}

/// The header as the front of a compact token, its dot included.
fn rendered(members: &Map<String, Value>) -> Vec<u8> {
    let mut prefix = serde_json::to_vec(members).expect("a JSON object always renders");
    base64url::encode_tail(&mut prefix, 0);
    prefix.push(b'.');
    prefix
}

#[cfg(test)]
mod tests;
