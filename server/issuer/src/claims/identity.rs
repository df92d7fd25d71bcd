//! What plugins may make of an ID token and of the userinfo endpoint's answer.

use super::shaping::{Shaping, longest, misplaced, note};
use super::{Authority, CLAIMS_MAX, EditRefused, Provenance, names};
use crate::hook::{self, Edit, HookPoint};
use crate::value::{Member, Value};

/// Claims of an ID token that the server alone sets, beside those it alone sets in every token: sessions end by them, and
/// other tokens are bound to them.
const RESERVED: [&str; 6] =
    ["sid", "events", "sub_jwk", "rt_hash", "urn:openid:params:jwt:claim:rt_hash", "urn:openid:params:jwt:claim:auth_req_id"];

/// The longest subject of an ID token (OpenID Connect Core §2).
const SUBJECT_LENGTH_MAX: usize = 255;

/// The claims of an ID token that plugins may still change. `iss`, `aud`, `exp`, `iat`, `nonce` and the hashes are added when
/// it is signed; those of them that are among the members are shown and cannot be changed.
#[derive(Debug, Clone)]
pub struct IdTokenClaims {
    members: Vec<Member>,
    lifetime: u32,
    provenance: Vec<Provenance>,
}

impl IdTokenClaims {
    /// The claims before any plugin has seen them. `lifetime`: seconds from issue to expiry.
    pub const fn of(members: Vec<Member>, lifetime: u32) -> Self {
        Self { members, lifetime, provenance: Vec::new() }
    }

    /// The claims.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Seconds from issue to expiry.
    pub const fn lifetime(&self) -> u32 {
        self.lifetime
    }

    /// Which plugin touched what.
    pub fn provenance(&self) -> &[Provenance] {
        &self.provenance
    }
}

impl Shaping for IdTokenClaims {
    const POINT: HookPoint = HookPoint::IdToken;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::id_token(&self.members, self.lifetime)
    }

    fn check(&self, edit: &Edit, authority: Authority<'_>) -> Result<(), EditRefused> {
        let (name, value) = match edit {
            Edit::SetClaim(name, value) => (name, Some(value)),
            Edit::RemoveClaim(name) => (name, None),
            Edit::SetLifetime(0) => return Err(EditRefused::Malformed("a lifetime of 0 seconds".to_owned())),
            Edit::SetLifetime(_) => return Ok(()),
            other => return Err(misplaced(other)),
        };
        if RESERVED.contains(&name.as_str()) {
            return Err(EditRefused::Reserved(name.clone()));
        }
        names::check_claim(name, authority.permissions)?;
        names::check_subject(name, value)?;
        match value {
            Some(value) => check_identity(name, value).and_then(|()| names::check_value(name, value)),
            None => Ok(()),
        }
    }

    fn check_whole(&self) -> Result<(), EditRefused> {
        if self.members.len() > CLAIMS_MAX { Err(EditRefused::TooMany("claims")) } else { Ok(()) }
    }

    fn perform(&mut self, edit: Edit, authority: Authority<'_>) {
        let what: Box<str> = match edit {
            Edit::SetClaim(name, value) => {
                let what = name.as_str().into();
                super::set(&mut self.members, name, value);
                what
            }
            Edit::RemoveClaim(name) => {
                self.members.retain(|member| member.name != name);
                name.into()
            }
            Edit::SetLifetime(seconds) => {
                self.lifetime = seconds.min(longest(self.lifetime, authority));
                "exp".into()
            }
            _ => return,
        };
        note(&mut self.provenance, what, authority.binding);
    }
}

/// The types that OpenID Connect Core §2 gives to what a permission may open.
fn check_identity(name: &str, value: &Value) -> Result<(), EditRefused> {
    let fits = match (name, value) {
        ("sub", Value::Text(text)) => text.len() <= SUBJECT_LENGTH_MAX && text.is_ascii(),
        ("acr", Value::Text(text)) => !text.is_empty(),
        ("amr", Value::Texts(_)) => true,
        ("auth_time", Value::Integer(seconds)) => *seconds >= 0,
        ("sub" | "acr" | "amr" | "auth_time", _) => false,
        _ => true,
    };
    if fits { Ok(()) } else { Err(EditRefused::Malformed(format!("`{name}` of an ID token has not the type it must have"))) }
}

/// What the userinfo endpoint is about to answer.
#[derive(Debug, Clone)]
pub struct UserinfoAnswer {
    members: Vec<Member>,
    scopes: Vec<Box<str>>,
}

impl UserinfoAnswer {
    /// The answer before any plugin has seen it, and the scopes of the token that asks.
    pub const fn of(members: Vec<Member>, scopes: Vec<Box<str>>) -> Self {
        Self { members, scopes }
    }

    /// The members of the answer.
    pub fn members(&self) -> &[Member] {
        &self.members
    }
}

impl Shaping for UserinfoAnswer {
    const POINT: HookPoint = HookPoint::Userinfo;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::userinfo(&self.members, &self.scopes)
    }

    fn check(&self, edit: &Edit, authority: Authority<'_>) -> Result<(), EditRefused> {
        let (name, value) = match edit {
            Edit::SetClaim(name, value) => (name, Some(value)),
            Edit::RemoveClaim(name) => (name, None),
            other => return Err(misplaced(other)),
        };
        // OpenID Connect Core §5.3.2: `sub` is that of the ID token, or a client must not use the answer.
        if name == "sub" {
            return Err(EditRefused::Reserved(name.clone()));
        }
        names::check_claim(name, authority.permissions)?;
        value.map_or(Ok(()), |value| names::check_value(name, value))
    }

    fn check_whole(&self) -> Result<(), EditRefused> {
        if self.members.len() > CLAIMS_MAX { Err(EditRefused::TooMany("claims")) } else { Ok(()) }
    }

    fn perform(&mut self, edit: Edit, _: Authority<'_>) {
        match edit {
            Edit::SetClaim(name, value) => super::set(&mut self.members, name, value),
            Edit::RemoveClaim(name) => self.members.retain(|member| member.name != name),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binding::Permission;

    fn authority(permissions: &[Permission]) -> Authority<'_> {
        Authority { binding: 7, permissions, lifetime_ceiling: 600 }
    }

    fn permissions(texts: &[&str]) -> Vec<Permission> {
        texts.iter().map(|text| Permission::parse(text).expect("a permission")).collect()
    }

    fn id_token(edits: Vec<Edit>, granted: &[&str]) -> Result<IdTokenClaims, EditRefused> {
        let mut claims = IdTokenClaims::of(vec![Member::known("sub", "alice".into()), Member::known("auth_time", Value::Integer(9))], 300);
        let permissions = permissions(granted);
        claims.apply(edits, authority(&permissions)).map(|()| claims)
    }

    fn set(name: &str, value: impl Into<Value>) -> Edit {
        Edit::SetClaim(name.to_owned(), value.into())
    }

    #[test]
    fn plg_002_and_clm_017_an_id_token_keeps_what_makes_it_one() {
        for name in [
            "iss", "aud", "exp", "iat", "nbf", "jti", "nonce", "at_hash", "c_hash", "s_hash", "azp", "sid", "events", "sub_jwk", "cnf",
            "act",
        ] {
            let everything = ["claim:*", "sub", "acr", "amr", "auth_time"];
            assert_eq!(id_token(vec![set(name, "x")], &everything).unwrap_err(), EditRefused::Reserved(name.to_owned()));
            let removed = vec![Edit::RemoveClaim(name.to_owned())];
            assert_eq!(id_token(removed, &everything).unwrap_err(), EditRefused::Reserved(name.to_owned()));
        }
    }

    #[test]
    fn plg_002_who_signed_in_and_how_needs_a_permission_of_its_own_and_the_right_type() {
        let right =
            [("sub", Value::from("bob")), ("acr", "2".into()), ("amr", Value::Texts(vec!["pwd".into()])), ("auth_time", Value::Integer(1))];
        for (name, value) in right {
            assert_eq!(id_token(vec![set(name, value.clone())], &["claim:*"]).unwrap_err(), EditRefused::NotPermitted(name.to_owned()));
            let claims = id_token(vec![set(name, value.clone())], &[name]).expect("granted");
            assert!(claims.members().contains(&Member { name: name.to_owned().into(), value }));
            assert!(matches!(id_token(vec![set(name, Value::Boolean(true))], &[name]), Err(EditRefused::Malformed(_))), "{name}");
        }
        assert!(matches!(id_token(vec![set("sub", "é")], &["sub"]), Err(EditRefused::Malformed(_))));
        assert!(matches!(id_token(vec![set("sub", "s".repeat(256))], &["sub"]), Err(EditRefused::Malformed(_))));
        assert!(matches!(id_token(vec![Edit::RemoveClaim("sub".to_owned())], &["sub"]), Err(EditRefused::Malformed(_))));
    }

    #[test]
    fn an_id_token_takes_claims_and_a_lifetime_and_tells_who_set_them() {
        let claims = id_token(vec![set("org", "a"), Edit::SetLifetime(900)], &["claim:org", "lifetime:800"]).expect("granted");
        assert_eq!((claims.lifetime(), claims.members().len()), (600, 3), "never beyond the ceiling");
        assert_eq!(id_token(vec![Edit::SetLifetime(900)], &[]).expect("clamped").lifetime(), 300);
        let touched: Vec<_> = claims.provenance().iter().map(|entry| (entry.what.as_ref(), entry.binding)).collect();
        assert_eq!(touched, [("org", 7), ("exp", 7)]);
        assert_eq!(id_token(vec![set("org", "a")], &[]).unwrap_err(), EditRefused::NotPermitted("claim:org".to_owned()));
        assert!(id_token(vec![Edit::SetLifetime(0)], &[]).is_err());
    }

    #[test]
    fn userinfo_is_about_whom_it_is_about() {
        let everything = permissions(&["claim:*", "sub"]);
        let mut answer = UserinfoAnswer::of(vec![Member::known("sub", "alice".into()), Member::known("email", "e".into())], vec![]);
        for edit in [set("sub", "bob"), Edit::RemoveClaim("sub".to_owned()), set("iss", "x"), set("aud", "x")] {
            assert!(matches!(answer.apply(vec![edit], authority(&everything)), Err(EditRefused::Reserved(_))));
        }
        assert!(answer.apply(vec![set("org", "x")], authority(&[])).is_err());
        answer.apply(vec![set("org", "x"), Edit::RemoveClaim("email".to_owned())], authority(&everything)).expect("granted");
        assert_eq!(answer.members(), [Member::known("sub", "alice".into()), Member::known("org", "x".into())]);
    }

    #[test]
    fn only_so_many_claims() {
        let numbered = |from: usize| (from..from + 128).map(|number| set(&format!("c{number}"), "x")).collect::<Vec<_>>();
        let all = permissions(&["claim:*"]);
        let mut claims = IdTokenClaims::of(vec![], 300);
        claims.apply(numbered(0), authority(&all)).expect("half");
        claims.apply(numbered(128), authority(&all)).expect("full");
        assert_eq!(claims.apply(vec![set("one", "more")], authority(&all)), Err(EditRefused::TooMany("claims")));
        assert_eq!(claims.members().len(), CLAIMS_MAX);
    }

    #[test]
    fn edits_of_other_hooks_mean_nothing_here() {
        for edit in [Edit::SkipConsent, Edit::SetScopes(vec![]), Edit::SetHeader("x".to_owned(), "y".into()), Edit::OmitRefreshToken] {
            assert!(matches!(id_token(vec![edit.clone()], &[]), Err(EditRefused::Misplaced(_))));
            assert!(matches!(UserinfoAnswer::of(vec![], vec![]).apply(vec![edit], authority(&[])), Err(EditRefused::Misplaced(_))));
        }
    }
}
