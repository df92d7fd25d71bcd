//! The protected header: what is read of it, and what makes it unacceptable.

use serde_json::{Map, Value};

use crate::alg::{MacAlg, SigningAlg};
use crate::error::JwsRefusal;
use crate::strict_json::parse_object;

/// Members that choose keys or algorithms, or how a token is read (RFC 7515 §4.1, RFC 7516 §4.1, RFC 7518 §4, RFC 7797 §3,
/// RFC 8555 §6.4, §6.5.2), and those that repeat a claim by which keys are chosen (RFC 7519 §5.3).
const RESERVED: [&str; 24] = [
    "alg", "typ", "kid", "cty", "crit", "b64", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "enc", "zip", "epk", "apu", "apv", "iv",
    "tag", "p2s", "p2c", "url", "nonce", "iss",
];

/// Whether a header member has a meaning for security, so that nobody but the signer may set it.
// Security: whoever could set `alg`, `kid`, `jku` … could make our tokens verify under a key that is not ours (RFC 8725 §3.10).
pub fn is_reserved_header(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// What a header says, as far as we listen: `alg`, `kid`, `typ`.
// Security: `jwk`, `jku`, `x5u` and `x5c` are not kept, so nothing can choose a key by them (RFC 8725 §3.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    alg: HeaderAlg,
    kid: Option<String>,
    typ: Option<String>,
}

/// A header's algorithm: a signature or a MAC, never both readings of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HeaderAlg {
    /// A digital signature.
    Signature(SigningAlg),
    /// A MAC.
    Mac(MacAlg),
}

impl Header {
    pub(super) fn parse(json: &[u8]) -> Result<Self, JwsRefusal> {
        let members = parse_object(json).map_err(|_| JwsRefusal::MalformedHeader)?;
        // RFC 7515 §4.1.11: whatever is listed there would have to be understood; we understand no extension.
        if members.contains_key("crit") {
            return Err(JwsRefusal::Critical);
        }
        if members.contains_key("b64") {
            return Err(JwsRefusal::UnencodedPayload);
        }
        if members.contains_key("zip") {
            return Err(JwsRefusal::Compressed);
        }
        Ok(Self { alg: alg(&members)?, kid: optional_text(&members, "kid")?, typ: optional_text(&members, "typ")? })
    }

    /// The algorithm it claims.
    pub const fn alg(&self) -> HeaderAlg {
        self.alg
    }

    /// The key it names: text from outside, for comparison only.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The media type as it was sent.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// Whether `typ` is this media type, however it is spelt: without regard to case, with or without `application/`
    /// (RFC 7515 §4.1.9).
    pub fn has_typ(&self, media_type: &str) -> bool {
        self.typ().is_some_and(|typ| bare(typ).eq_ignore_ascii_case(bare(media_type)))
    }
}

fn bare(media_type: &str) -> &str {
    const PREFIX: &str = "application/";
    match media_type.get(..PREFIX.len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(PREFIX) => {
            let rest = &media_type[PREFIX.len()..];
            if rest.contains('/') { media_type } else { rest }
        }
        _ => media_type,
    }
}

fn alg(members: &Map<String, Value>) -> Result<HeaderAlg, JwsRefusal> {
    let name = members.get("alg").and_then(Value::as_str).ok_or(JwsRefusal::MissingAlg)?;
    let signature = SigningAlg::parse(name).map(HeaderAlg::Signature);
    match signature.or_else(|| MacAlg::parse(name).map(HeaderAlg::Mac)) {
        Some(alg) => Ok(alg),
        None if name.trim().eq_ignore_ascii_case("none") => Err(JwsRefusal::AlgNone),
        None => Err(JwsRefusal::UnknownAlg),
    }
}

fn optional_text(members: &Map<String, Value>, name: &str) -> Result<Option<String>, JwsRefusal> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(JwsRefusal::MalformedHeaderMember),
    }
}
