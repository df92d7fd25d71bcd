//! One JSON Web Key from outside → a [`VerifyingKey`] (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).

use serde_json::{Map, Value};

use crate::alg::{Curve, SigningAlg};
use crate::base64url;
use crate::error::KeyRefusal;
use crate::key::{PublicMaterial, VerifyingKey};
use crate::strict_json::parse_object;

const MAX_KID_BYTES: usize = 512;

/// Every member that belongs to a private or symmetric key (RFC 7518 §6.2.2, §6.3.2, §6.4.1; RFC 8037 §2).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

impl VerifyingKey {
    /// Reads a JWK from its JSON text.
    pub fn parse(json: &[u8]) -> Result<Self, KeyRefusal> {
        Self::from_jwk(&parse_object(json).map_err(|_| KeyRefusal::NotAnObject)?)
    }

    /// Reads a JWK. `alg`, `use`, `key_ops` and `kid` are honoured; certificates in it are ignored.
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, KeyRefusal> {
        let kind = public_kind(jwk)?;
        let kid = kid(jwk)?;
        check_use(jwk)?;
        let alg = alg(jwk)?;
        Self::new(material(kind, jwk)?, kid, alg)
    }
}

/// `kty` of a key that is public.
pub(crate) fn public_kind(jwk: &Map<String, Value>) -> Result<&str, KeyRefusal> {
    let kind = jwk.get("kty").and_then(Value::as_str).ok_or(KeyRefusal::MissingKeyType)?;
    if kind == "oct" {
        return Err(KeyRefusal::Symmetric);
    }
    // Security: whoever publishes a private key has lost it; and it must not enter a log or a database of ours.
    if PRIVATE_MEMBERS.iter().any(|member| jwk.contains_key(*member)) {
        return Err(KeyRefusal::Private);
    }
    Ok(kind)
}

pub(crate) fn material(kind: &str, jwk: &Map<String, Value>) -> Result<PublicMaterial, KeyRefusal> {
    match kind {
        "EC" => {
            let curve = Curve::parse(text(jwk, "crv")?).ok_or(KeyRefusal::UnsupportedKind)?;
            PublicMaterial::ec(curve, &bytes(jwk, "x")?, &bytes(jwk, "y")?)
        }
        "RSA" => PublicMaterial::rsa(&bytes(jwk, "n")?, &bytes(jwk, "e")?),
        "OKP" if text(jwk, "crv")? == "Ed25519" => PublicMaterial::ed25519(&bytes(jwk, "x")?),
        _ => Err(KeyRefusal::UnsupportedKind),
    }
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<&'a str, KeyRefusal> {
    jwk.get(name).and_then(Value::as_str).ok_or(KeyRefusal::MalformedParameter)
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, KeyRefusal> {
    base64url::decode(text(jwk, name)?).map_err(|_| KeyRefusal::MalformedParameter)
}

pub(crate) fn optional_text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, KeyRefusal> {
    jwk.get(name).map(|value| value.as_str().ok_or(KeyRefusal::MalformedMember)).transpose()
}

pub(crate) fn kid(jwk: &Map<String, Value>) -> Result<Option<String>, KeyRefusal> {
    match optional_text(jwk, "kid")? {
        Some(kid) if kid.is_empty() || kid.len() > MAX_KID_BYTES => Err(KeyRefusal::MalformedMember),
        kid => Ok(kid.map(str::to_owned)),
    }
}

fn alg(jwk: &Map<String, Value>) -> Result<Option<SigningAlg>, KeyRefusal> {
    let name = optional_text(jwk, "alg")?;
    name.map(|name| SigningAlg::parse(name).ok_or(KeyRefusal::UnsupportedAlg)).transpose()
}

// RFC 7517 §4.2, §4.3: a key for encryption does not verify signatures.
fn check_use(jwk: &Map<String, Value>) -> Result<(), KeyRefusal> {
    if optional_text(jwk, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err(KeyRefusal::NotForSignatures);
    }
    let Some(operations) = jwk.get("key_ops") else { return Ok(()) };
    let operations = operations.as_array().ok_or(KeyRefusal::MalformedMember)?;
    if operations.iter().any(|operation| !operation.is_string()) {
        return Err(KeyRefusal::MalformedMember);
    }
    let verifying = operations.iter().filter(|operation| *operation == "verify").count();
    if verifying == 1 { Ok(()) } else { Err(KeyRefusal::NotForVerifying) }
}
