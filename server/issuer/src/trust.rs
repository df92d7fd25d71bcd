//! Other issuers whose tokens are believed here: what each may be used for, and whether one of its tokens is good for that.
//!
//! Nothing is believed that does not stand in the list: an issuer, its keys, the algorithms, the purpose. The signature has been
//! verified before with keys of that very issuer; here are the claims (RFC 7523 §3, RFC 8725 §3.8).

use claimsmith_jose::{Digest, JwkSet, Jws, SigningAlg, Verified, numeric_date};
use claimsmith_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::registration::Wrong;

/// How far an issuer's clock may be off, seconds.
const SKEW: i64 = 30;
/// The longest `sub` and `jti`, bytes.
const NAME_MAX: usize = 512;
/// The longest life of a token that is believed, where nobody says: seconds.
const LIFETIME_MAX: u32 = 3_600;
/// The most algorithms, audiences, scopes and clients of one issuer.
const LIST_MAX: usize = 100;

/// What an issuer's tokens may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// As the assertion of the JWT bearer grant (RFC 7523 §2.1).
    JwtBearer,
    /// As subject or actor token of a token exchange (RFC 8693 §2.1).
    TokenExchange,
    /// As an identity assertion authorization grant.
    IdJag,
    /// As a software statement (RFC 7591 §2.3).
    SoftwareStatement,
    /// As a client attestation.
    ClientAttestation,
    /// To name a person at the backchannel (OpenID Connect CIBA §7.1).
    LoginHint,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 6] =
        [Self::JwtBearer, Self::TokenExchange, Self::IdJag, Self::SoftwareStatement, Self::ClientAttestation, Self::LoginHint];

    /// Its name in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JwtBearer => "jwt_bearer",
            Self::TokenExchange => "token_exchange",
            Self::IdJag => "id_jag",
            Self::SoftwareStatement => "software_statement",
            Self::ClientAttestation => "client_attestation",
            Self::LoginHint => "login_hint",
        }
    }
}

/// Who a subject of the issuer is here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subjects {
    /// Nobody: its tokens stand for no person.
    #[default]
    None,
    /// The person who is linked with issuer and `sub`.
    Link,
    /// The person whose user name stands in a claim.
    Username,
}

/// An issuer as it is registered, and kept as JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrustedIssuer {
    /// `iss` of its tokens, compared character by character.
    pub issuer: Box<str>,
    /// Whether it is not believed for the time being.
    #[serde(skip_serializing_if = "is_default")]
    pub disabled: bool,
    /// Its public keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// Where its public keys are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<Box<str>>,
    /// How its tokens may be signed.
    pub algorithms: Vec<Box<str>>,
    /// What its tokens may be used for.
    pub purposes: Vec<Purpose>,
    /// What its tokens may name as audience beside this server's issuer and token endpoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<Box<str>>,
    /// Clients that may bring its tokens; none where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<Box<str>>,
    /// What its tokens may be worth here; nothing where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Box<str>>,
    /// Who its subjects are here.
    #[serde(skip_serializing_if = "is_default")]
    pub subjects: Subjects,
    /// The claim that has the user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_claim: Option<Box<str>>,
    /// The longest life of a token that is believed, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime_max: Option<u32>,
    /// Whether an assertion may be used more than once.
    #[serde(skip_serializing_if = "is_default")]
    pub reusable: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Where an issuer's keys are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Keys<'a> {
    /// In its registration.
    Inline(&'a Value),
    /// At a URL.
    Uri(&'a str),
}

impl TrustedIssuer {
    /// Every member of the document.
    pub const MEMBERS: [&'static str; 13] = [
        "issuer",
        "disabled",
        "jwks",
        "jwks_uri",
        "algorithms",
        "purposes",
        "audiences",
        "clients",
        "scopes",
        "subjects",
        "username_claim",
        "lifetime_max",
        "reusable",
    ];

    /// Reads what [`Self::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// As JSON.
    pub fn to_text(&self) -> String {
        // Invariant: strings, numbers and lists of them can always be written.
        serde_json::to_string(self).expect("a trusted issuer can be written as JSON")
    }

    /// Whether its tokens are believed for this.
    pub fn is_for(&self, purpose: Purpose) -> bool {
        !self.disabled && self.purposes.contains(&purpose)
    }

    /// Whether a client may bring its tokens.
    pub fn admits(&self, client_id: &str) -> bool {
        self.clients.iter().any(|held| **held == *client_id)
    }

    /// Its algorithms.
    pub fn algs(&self) -> Vec<SigningAlg> {
        self.algorithms.iter().filter_map(|alg| SigningAlg::parse(alg)).collect()
    }

    /// Its keys.
    pub fn keys(&self) -> Option<Keys<'_>> {
        self.jwks.as_ref().map(Keys::Inline).or_else(|| self.jwks_uri.as_deref().map(Keys::Uri))
    }

    /// Everything that is wrong with a registration.
    pub fn check(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let mut say = |field: &str, detail: String| wrong.push(Wrong { field: field.to_owned(), detail });
        if self.issuer.is_empty() || self.issuer.len() > 2_048 || self.issuer.chars().any(char::is_control) {
            say("issuer", "must be 1 to 2048 bytes without control characters: the iss of its tokens".to_owned());
        }
        match (&self.jwks, &self.jwks_uri) {
            (Some(jwks), None) => match JwkSet::parse_strict(jwks.to_string().as_bytes()) {
                Ok(set) if set.keys().is_empty() => say("jwks", "has no key that can verify a signature".to_owned()),
                Ok(_) => {}
                Err(refusal) => say("jwks", refusal.to_string()),
            },
            (None, Some(uri)) if is_https(uri) => {}
            (None, Some(_)) => say("jwks_uri", "must be an https URL without user name and fragment".to_owned()),
            _ => say("jwks", "either jwks or jwks_uri, not both: a trusted issuer has keys".to_owned()),
        }
        if self.algorithms.is_empty() {
            say("algorithms", "must name at least one signature algorithm".to_owned());
        }
        for (index, alg) in self.algorithms.iter().enumerate() {
            if SigningAlg::parse(alg).is_none() {
                say(&format!("algorithms.{index}"), "is no signature algorithm of this server".to_owned());
            }
        }
        if self.purposes.is_empty() {
            say("purposes", "must name what its tokens may be used for".to_owned());
        }
        let lists =
            [("algorithms", &self.algorithms), ("audiences", &self.audiences), ("clients", &self.clients), ("scopes", &self.scopes)];
        for (name, list) in lists {
            if list.len() > LIST_MAX || list.iter().any(|text| text.is_empty()) {
                say(name, format!("has at most {LIST_MAX} texts, none of them empty"));
            }
        }
        if (self.subjects == Subjects::Username) != self.username_claim.is_some() {
            say("username_claim", "goes with subjects `username`, and only there".to_owned());
        }
        if self.lifetime_max == Some(0) {
            say("lifetime_max", "must be at least 1 second".to_owned());
        }
        wrong
    }
}

fn is_https(uri: &str) -> bool {
    Url::parse(uri)
        .is_ok_and(|url| url.scheme() == "https" && url.username().is_empty() && url.password().is_none() && url.fragment().is_none())
}

/// Why a token of another issuer is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrustRefusal {
    /// There is no such issuer in the list, or not for this.
    #[error("the issuer is not trusted for this")]
    Issuer,
    /// There are no keys to be had.
    #[error("the issuer's keys cannot be had")]
    Keys,
    /// No JWS, or one whose signature is not the issuer's.
    #[error("the signature is not the issuer's, or not of an allowed algorithm")]
    Signature,
    /// A type that is for something else.
    #[error("typ is that of another kind of token")]
    Type,
    /// `aud`.
    #[error("aud does not name this server")]
    Audience,
    /// `sub`.
    #[error("sub is missing or too long")]
    Subject,
    /// `exp`, `nbf`, `iat`.
    #[error("exp is missing or past, or a date is not possible")]
    Times,
    /// A longer life than is believed.
    #[error("it lives longer than lifetime_max")]
    TooLong,
    /// `jti`.
    #[error("jti is missing or too long")]
    Identifier,
}

/// What a token has to say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// What it is used for.
    pub purpose: Purpose,
    /// Names of this server: its issuer, its token endpoint.
    pub ourselves: &'a [&'a str],
    /// The time.
    pub now: Timestamp,
}

/// A token of a trusted issuer that is believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Assured {
    /// `iss`.
    pub issuer: Box<str>,
    /// `sub`.
    pub subject: Box<str>,
    /// SHA-256 over its `jti`, which is required unless it may be used again.
    pub jti_digest: Option<Digest>,
    /// `exp`.
    pub expires_at: Timestamp,
    /// Everything it says.
    pub claims: Map<String, Value>,
}

/// Judges the claims of a token whose signature is the issuer's.
pub fn judge(trusted: &TrustedIssuer, token: Jws<Verified>, expected: &Expected<'_>) -> Result<Assured, TrustRefusal> {
    let ensure = |holds: bool, refusal| if holds { Ok(()) } else { Err(refusal) };
    ensure(trusted.is_for(expected.purpose), TrustRefusal::Issuer)?;
    ensure(fits(&token, expected.purpose), TrustRefusal::Type)?;
    let claims = token.into_claims();
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty() && text.len() <= NAME_MAX);
    // An attestation need not name its attester (draft-ietf-oauth-attestation-based-client-auth §4.1): the key that signed it does.
    let issuer = claims.get("iss");
    let is_silent = issuer.is_none() && expected.purpose == Purpose::ClientAttestation;
    ensure(is_silent || issuer.and_then(Value::as_str) == Some(&*trusted.issuer), TrustRefusal::Issuer)?;
    // A software statement is for whoever reads it (RFC 7591 §2.3), an attestation for whoever the client meets: they name no audience.
    let audience = claims.get("aud");
    ensure(
        names_us(audience, trusted, expected)
            || audience.is_none() && matches!(expected.purpose, Purpose::SoftwareStatement | Purpose::ClientAttestation),
        TrustRefusal::Audience,
    )?;
    let subject = match (text("sub"), expected.purpose) {
        (Some(subject), _) => subject,
        (None, Purpose::SoftwareStatement) => "",
        (None, _) => return Err(TrustRefusal::Subject),
    };
    let expires_at = check_times(&claims, trusted, expected)?;
    let jti_digest = match text("jti") {
        Some(jti) => Some(Digest::of(jti.as_bytes())),
        None if expected.purpose == Purpose::JwtBearer && !trusted.reusable => return Err(TrustRefusal::Identifier),
        None => None,
    };
    Ok(Assured { issuer: trusted.issuer.clone(), subject: subject.into(), jti_digest, expires_at, claims })
}

/// Security: a token made for something else is none for this (RFC 8725 §3.11, §3.12).
fn fits(token: &Jws<Verified>, purpose: Purpose) -> bool {
    let header = token.header();
    match purpose {
        Purpose::IdJag => header.has_typ("oauth-id-jag+jwt"),
        Purpose::ClientAttestation => header.has_typ("oauth-client-attestation+jwt"),
        Purpose::TokenExchange => header.typ().is_none() || header.has_typ("jwt") || header.has_typ("at+jwt"),
        Purpose::JwtBearer | Purpose::SoftwareStatement | Purpose::LoginHint => header.typ().is_none() || header.has_typ("jwt"),
    }
}

fn names_us(audience: Option<&Value>, trusted: &TrustedIssuer, expected: &Expected<'_>) -> bool {
    let is_ours = |text: &str| expected.ourselves.contains(&text) || trusted.audiences.iter().any(|held| **held == *text);
    match audience {
        Some(Value::String(one)) => is_ours(one),
        // An identity assertion names one audience and no more.
        Some(Value::Array(all)) if expected.purpose == Purpose::IdJag && all.len() != 1 => false,
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).any(is_ours),
        _ => false,
    }
}

fn check_times(claims: &Map<String, Value>, trusted: &TrustedIssuer, expected: &Expected<'_>) -> Result<Timestamp, TrustRefusal> {
    let now = expected.now.seconds();
    let date = |name: &str| numeric_date(claims, name).map_err(|_| TrustRefusal::Times);
    let (exp, nbf, iat) = (date("exp")?, date("nbf")?, date("iat")?);
    if nbf.is_some_and(|at| at > now + SKEW) || iat.is_some_and(|at| at > now + SKEW) {
        return Err(TrustRefusal::Times);
    }
    let exp = match (exp, expected.purpose) {
        (Some(exp), _) if now < exp.saturating_add(SKEW) => exp,
        // RFC 7591 §2.3: a software statement need not end.
        (None, Purpose::SoftwareStatement) => return Ok(Timestamp::from_seconds(i64::MAX)),
        _ => return Err(TrustRefusal::Times),
    };
    let longest = i64::from(trusted.lifetime_max.unwrap_or(LIFETIME_MAX));
    let is_long = matches!(expected.purpose, Purpose::SoftwareStatement | Purpose::ClientAttestation);
    let unbounded = is_long && trusted.lifetime_max.is_none();
    if !unbounded && exp - iat.unwrap_or(now).min(now) > longest + SKEW {
        return Err(TrustRefusal::TooLong);
    }
    Ok(Timestamp::from_seconds(exp))
}

/// The user name that a token names, where the issuer may name people so.
pub fn username<'a>(trusted: &TrustedIssuer, assured: &'a Assured) -> Option<&'a str> {
    let claim = trusted.username_claim.as_deref().filter(|_| trusted.subjects == Subjects::Username)?;
    assured.claims.get(claim).and_then(Value::as_str).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests;
