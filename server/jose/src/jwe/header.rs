//! The protected header of a JWE (RFC 7516 §4).

use serde_json::{Map, Value};

use super::{ContentEnc, KeyAlg};
use crate::base64url;
use crate::error::JweRefusal;
use crate::jwk::material;
use crate::key::PublicMaterial;
use crate::strict_json::parse_object;

/// What a header says, as far as we listen.
pub struct JweHeader {
    alg: KeyAlg,
    enc: ContentEnc,
    kid: Option<String>,
    cty: Option<String>,
    pub(super) epk: Option<PublicMaterial>,
    pub(super) apu: Vec<u8>,
    pub(super) apv: Vec<u8>,
}

impl JweHeader {
    pub(super) fn parse(json: &[u8]) -> Result<Self, JweRefusal> {
        let members = parse_object(json).map_err(|_| JweRefusal::MalformedHeader)?;
        // RFC 7515 §4.1.11, which RFC 7516 §4.1.13 takes over: we understand no extension.
        if members.contains_key("crit") {
            return Err(JweRefusal::Critical);
        }
        // Security: what is compressed can grow a thousandfold, and its length tells of its contents.
        if members.contains_key("zip") {
            return Err(JweRefusal::Compressed);
        }
        let name = |member: &str| members.get(member).and_then(Value::as_str);
        let alg = KeyAlg::parse(name("alg").ok_or(JweRefusal::MissingAlg)?).ok_or(JweRefusal::UnknownAlg)?;
        let enc = ContentEnc::parse(name("enc").ok_or(JweRefusal::MissingAlg)?).ok_or(JweRefusal::UnknownAlg)?;
        let (apu, apv) = (bytes(&members, "apu")?, bytes(&members, "apv")?);
        Ok(Self { alg, enc, kid: text(&members, "kid")?, cty: text(&members, "cty")?, epk: epk(&members)?, apu, apv })
    }

    /// How the content key travels.
    pub const fn alg(&self) -> KeyAlg {
        self.alg
    }

    /// How the content is encrypted.
    pub const fn enc(&self) -> ContentEnc {
        self.enc
    }

    /// The key it names: text from outside, for comparison only.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// What is inside, as its sender says: `JWT` for a nested token (RFC 7519 §5.2).
    pub fn cty(&self) -> Option<&str> {
        self.cty.as_deref()
    }
}

impl std::fmt::Debug for JweHeader {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("JweHeader").field("alg", &self.alg).field("enc", &self.enc).field("kid", &self.kid).finish_non_exhaustive()
    }
}

fn text(members: &Map<String, Value>, name: &str) -> Result<Option<String>, JweRefusal> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(JweRefusal::MalformedHeader),
    }
}

fn bytes(members: &Map<String, Value>, name: &str) -> Result<Vec<u8>, JweRefusal> {
    let text = text(members, name)?.unwrap_or_default();
    base64url::decode(text).map_err(|_| JweRefusal::MalformedHeader)
}

/// Security: a point that is not on its curve would draw our private key out bit by bit (RFC 8725 §3.4).
fn epk(members: &Map<String, Value>) -> Result<Option<PublicMaterial>, JweRefusal> {
    let Some(jwk) = members.get("epk") else { return Ok(None) };
    let jwk = jwk.as_object().ok_or(JweRefusal::MalformedHeader)?;
    let kind = jwk.get("kty").and_then(Value::as_str).ok_or(JweRefusal::MalformedHeader)?;
    material(kind, jwk).map(Some).map_err(|_| JweRefusal::MalformedKey)
}
