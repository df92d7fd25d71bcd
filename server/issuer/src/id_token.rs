//! ID tokens and UserInfo: what a client may know of a person (OpenID Connect Core §2, §5).

use claimsmith_jose::SignableClaims;
use claimsmith_protocol::authorize::{ClaimWish, ClaimsRequest};
use claimsmith_protocol::time::{Lifetime, Timestamp};
use serde_json::{Map, Value as Json};

use crate::claims::IdTokenClaims;
use crate::client::Client;
use crate::grants::Allowed;
use crate::value::{Member, Value, render_integer, render_string, render_text_member};

/// The claims that a scope stands for (OpenID Connect Core §5.4).
const SCOPES: [(&str, &[&str]); 4] = [
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
];

/// Claims that say how a person signed in: they are the server's own and never the person's profile.
pub const OF_THE_SIGN_IN: [&str; 5] = ["sub", "auth_time", "acr", "amr", "sid"];

/// The scopes with a meaning of their own here.
pub fn standard_scopes() -> impl Iterator<Item = &'static str> {
    ["openid", "offline_access"].into_iter().chain(SCOPES.iter().map(|(scope, _)| *scope))
}

/// Every claim that can be asked for of a person (`claims_supported`).
pub fn claims_supported() -> impl Iterator<Item = &'static str> {
    OF_THE_SIGN_IN.into_iter().chain(SCOPES.iter().flat_map(|(_, claims)| claims.iter().copied()))
}

/// What a scope lets a client read, for people to agree to.
pub fn claims_of_scope(scope: &str) -> &'static [&'static str] {
    SCOPES.iter().find(|(held, _)| *held == scope).map_or(&[], |(_, claims)| claims)
}

/// What of a person's profile goes out: what the scopes stand for, and what was asked for by name. What is unknown or empty is
/// left out (§5.3.2); what was asked for with another value than the person's as well.
pub fn profile(known: &Map<String, Json>, scopes: &[Box<str>], wishes: &[ClaimWish], denied: &[Box<str>]) -> Vec<Member> {
    let by_scope = |name: &str| {
        // A language tag does not make another claim of it (§5.2).
        let plain = name.split('#').next().unwrap_or(name);
        scopes.iter().any(|scope| claims_of_scope(scope).contains(&plain))
    };
    let by_name = |name: &str, value: &Json| {
        let wish = wishes.iter().find(|wish| *wish.name == *name);
        wish.is_some_and(|wish| wish.is_met_by(value))
    };
    let mut members = Vec::new();
    for (name, value) in known {
        let empty = matches!(value, Json::Null) || value.as_str() == Some("");
        // What a person has denied by its name stays with us, whatever scope it is part of as well.
        let withheld = OF_THE_SIGN_IN.contains(&name.as_str()) || denied.iter().any(|held| **held == **name);
        if !empty && !withheld && (by_scope(name) || by_name(name, value)) {
            members.push(Member { name: name.clone().into(), value: to_value(value) });
        }
    }
    members
}

/// A JSON value as claims carry it.
pub fn to_value(json: &Json) -> Value {
    match json {
        Json::String(text) => Value::Text(text.as_str().into()),
        Json::Bool(truth) => Value::Boolean(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::Integer(integer),
            None => Value::Json(number.to_string().into()),
        },
        other => Value::Json(other.to_string().into()),
    }
}

/// What an ID token is made of.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// What the person allowed.
    pub allowed: &'a Allowed,
    /// The client it is for.
    pub client: &'a Client,
    /// The person's standard claims.
    pub known: &'a Map<String, Json>,
    /// Whether no access token goes with it, so that the profile goes into it (§5.4).
    pub alone: bool,
    /// Whether `nonce` belongs into it: not after the first (§12.2).
    pub first: bool,
    /// Seconds from issue to expiry.
    pub lifetime: Lifetime,
}

/// The claims that plugins may still change.
pub fn draft(about: &About<'_>) -> IdTokenClaims {
    let allowed = about.allowed;
    let mut members = Vec::with_capacity(8);
    members.push(Member::known("sub", (&*allowed.subject).into()));
    let wishes = allowed.claims.as_deref().and_then(|text| ClaimsRequest::parse(text).ok()).unwrap_or_default();
    let auth_time_asked = wishes.of_id_token("auth_time").is_some();
    if allowed.auth_time_wanted || auth_time_asked || about.client.registration.require_auth_time {
        members.push(Member::known("auth_time", Value::Integer(allowed.auth_time)));
    }
    if let Some(acr) = &allowed.acr {
        members.push(Member::known("acr", (&**acr).into()));
    }
    if !allowed.amr.is_empty() {
        members.push(Member::known("amr", Value::Texts(allowed.amr.clone())));
    }
    if let Some(sid) = &allowed.sid {
        members.push(Member::known("sid", (&**sid).into()));
    }
    if let Some(nonce) = allowed.nonce.as_ref().filter(|_| about.first) {
        members.push(Member::known("nonce", (&**nonce).into()));
    }
    let scopes: &[Box<str>] = if about.alone { &allowed.scopes } else { &[] };
    members.extend(profile(about.known, scopes, &wishes.id_token, &allowed.claims_denied));
    IdTokenClaims::of(members, about.lifetime.seconds())
}

/// An ID token that nothing can change any more.
#[derive(Debug)]
pub struct IdToken<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// The client.
    pub client_id: &'a str,
    /// What plugins have shaped.
    pub claims: &'a IdTokenClaims,
    /// `jti`: it leads to the grant, so that whoever exchanges it learns whether that has ended.
    pub jti: &'a str,
    /// When it is made.
    pub issued_at: Timestamp,
    /// `at_hash`, `c_hash`: what binds it to the other artefacts (§3.1.3.6, §3.3.2.11).
    pub bonds: &'a [(&'static str, String)],
}

/// The payload ([OpenID Connect Core §2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)).
impl SignableClaims for IdToken<'_> {
    fn render(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"iss\":");
        render_string(self.issuer, out);
        out.extend_from_slice(b",\"aud\":");
        render_string(self.client_id, out);
        for member in self.claims.members() {
            out.push(b',');
            member.render(out);
        }
        for (name, text) in self.bonds {
            out.push(b',');
            render_text_member(name, text, out);
        }
        out.push(b',');
        render_text_member("jti", self.jti, out);
        out.extend_from_slice(b",\"iat\":");
        render_integer(self.issued_at.seconds(), out);
        out.extend_from_slice(b",\"exp\":");
        render_integer(self.issued_at.seconds() + i64::from(self.claims.lifetime()), out);
        out.push(b'}');
    }
}
