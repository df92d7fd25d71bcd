//! The claims of an access token, from draft to what the vault signs, and the one place where a plugin's edits are
//! checked and applied.
//!
//! ```text
//! Claims<Draft> ── apply(edits)* ──► Claims<Draft> ── finish ──► Claims<Shaped> ──► vault
//! ```

use std::marker::PhantomData;

use claimsmith_jose::{SignableClaims, is_reserved_header};
use claimsmith_protocol::time::Timestamp;

use crate::binding::Permission;
use crate::confirmation::Confirmation;
use crate::grants::Allowed;
use crate::hook::{self, Edit, HookPoint};
use crate::value::{Member, Value, render_integer, render_string, render_strings, render_words};

mod granting;
mod identity;
mod names;
mod parties;
mod request;
mod response;
mod shaping;
mod sign_in;
mod transaction;

pub use granting::{BearerAssertion, PasswordJudgement, PasswordOutcome, TokenExchange};
pub use identity::{IdTokenClaims, UserinfoAnswer};
pub use names::{is_reserved, is_reserved_response_member};
pub use parties::{ProvenClient, RegistrationRequest, Revoked, is_reserved_metadata};
pub use request::{ConsentOutcome, ConsentPlan, ConsentText, RequestedDetails, RequestedScopes};
pub use response::{IntrospectionAnswer, ResponseMembers};
pub use shaping::{ATTRIBUTES_BYTES_MAX, ATTRIBUTES_MAX, Shaping};
pub use sign_in::{AuthenticationOutcome, RefreshTokenPlan, SignIn, SignedIn, StepUp};
pub use transaction::{BackchannelNotification, NotificationOutcome, TransactionPlan};

use shaping::{check_scopes, distinct, longest, misplaced, note};

/// The most edits that one call of a plugin may return.
pub const EDITS_MAX: usize = 128;

/// The most claims that a token may carry beside those the server sets.
pub const CLAIMS_MAX: usize = 256;

/// The longest name of a claim or member, in bytes.
pub const NAME_LENGTH_MAX: usize = 256;

/// Claims that plugins may still change.
#[derive(Debug, Clone, Copy)]
pub enum Draft {}

/// Claims that nothing can change any more.
#[derive(Debug, Clone, Copy)]
pub enum Shaped {}

/// The claims of one access token with everything that travels beside them.
#[derive(Debug, Clone)]
pub struct Claims<Stage> {
    /// `iss`, `sub`, `client_id`, then what plugins set.
    members: Vec<Member>,
    scopes: Vec<Box<str>>,
    audience: Vec<Box<str>>,
    lifetime: u32,
    header: Vec<Member>,
    provenance: Vec<Provenance>,
    confirmation: Option<Confirmation>,
    omits_refresh_token: bool,
    jti: Box<str>,
    issued_at: Timestamp,
    stage: PhantomData<Stage>,
}

/// Which plugin touched which claim, for the audit record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// What was set or removed: a claim's name, or `scope`, `aud`, `exp`, `header:NAME`.
    pub what: Box<str>,
    /// The binding whose plugin did it.
    pub binding: i64,
}

/// What the issuance record keeps of a token.
#[derive(Debug)]
pub struct Recorded {
    /// The token's identifier.
    pub jti: Box<str>,
    /// The granted scopes.
    pub scopes: Vec<Box<str>>,
    /// The audience.
    pub audience: Vec<Box<str>>,
    /// Which plugin touched what.
    pub provenance: Vec<Provenance>,
    /// When it was made.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Why a plugin's edits were not applied. None of them was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditRefused {
    /// The name is the server's own.
    #[error("`{0}` is set by the server alone")]
    Reserved(String),
    /// The binding does not grant it.
    #[error("the binding does not permit {0}")]
    NotPermitted(String),
    /// Not a value that belongs there.
    #[error("{0}")]
    Malformed(String),
    /// Too many edits or too many claims.
    #[error("there are more than {0}")]
    TooMany(&'static str),
    /// An edit that has no meaning at this hook point.
    #[error("the edit `{0}` has no meaning at this hook point")]
    Misplaced(&'static str),
}

/// What one binding's plugin may do to a token.
#[derive(Debug, Clone, Copy)]
pub struct Authority<'a> {
    /// The binding.
    pub binding: i64,
    /// Its permissions.
    pub permissions: &'a [Permission],
    /// No lifetime goes beyond this, in seconds.
    pub lifetime_ceiling: u32,
}

/// What a token is made of before any plugin has seen it.
#[derive(Debug)]
pub struct Entitlement<'a> {
    /// The issuer's identifier.
    pub issuer: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// The client.
    pub client_id: &'a str,
    /// The granted scopes.
    pub scopes: &'a [Box<str>],
    /// The audience; never empty.
    pub audience: &'a [Box<str>],
    /// Seconds from issue to expiry.
    pub lifetime: u32,
    /// The key that the token is bound to.
    pub confirmation: Option<Confirmation>,
    /// What a person has allowed, where the token is for one: it says how they signed in (RFC 9068 §2.2.1) and what in detail they
    /// allowed (RFC 9396 §9.1).
    pub allowed: Option<&'a Allowed>,
}

impl Claims<Draft> {
    /// The draft of a token; `jti` is fresh.
    pub fn draft(entitlement: &Entitlement<'_>, jti: Box<str>, issued_at: Timestamp) -> Self {
        let mut members = Vec::with_capacity(16);
        members.push(Member::known("iss", entitlement.issuer.into()));
        members.push(Member::known("sub", entitlement.subject.into()));
        members.push(Member::known("client_id", entitlement.client_id.into()));
        if let Some(allowed) = entitlement.allowed {
            members.push(Member::known("auth_time", Value::Integer(allowed.auth_time)));
            members.extend(allowed.acr.as_ref().map(|acr| Member::known("acr", Value::Text(acr.clone()))));
            if !allowed.amr.is_empty() {
                members.push(Member::known("amr", Value::Texts(allowed.amr.clone())));
            }
            let details = allowed.details.as_ref().and_then(|details| details_for(details, entitlement.audience));
            members.extend(details.map(|details| Member::known("authorization_details", Value::Json(details))));
        }
        Self {
            members,
            scopes: entitlement.scopes.to_vec(),
            audience: entitlement.audience.to_vec(),
            lifetime: entitlement.lifetime,
            header: Vec::new(),
            provenance: Vec::new(),
            confirmation: entitlement.confirmation,
            omits_refresh_token: false,
            jti,
            issued_at,
            stage: PhantomData,
        }
    }

    /// The draft of a token that was exchanged for another: who acts for whom (RFC 8693 §4.1).
    #[must_use]
    pub fn acting(mut self, act: Option<&str>) -> Self {
        self.members.extend(act.map(|act| Member::known("act", Value::Json(act.into()))));
        self
    }

    fn check_audience(&self, audience: &[String], permissions: &[Permission]) -> Result<(), EditRefused> {
        if audience.is_empty() {
            return Err(EditRefused::Malformed("an empty audience".to_owned()));
        }
        for uri in audience {
            let held = self.audience.iter().any(|held| **held == **uri);
            let permitted = permissions.iter().any(|permission| matches!(permission, Permission::Audience(named) if **named == **uri));
            if !held && !permitted {
                return Err(EditRefused::NotPermitted(format!("audience:{uri}")));
            }
        }
        Ok(())
    }

    /// Ends shaping.
    pub fn finish(self) -> Claims<Shaped> {
        Claims {
            members: self.members,
            scopes: self.scopes,
            audience: self.audience,
            lifetime: self.lifetime,
            header: self.header,
            provenance: self.provenance,
            omits_refresh_token: self.omits_refresh_token,
            confirmation: self.confirmation,
            jti: self.jti,
            issued_at: self.issued_at,
            stage: PhantomData,
        }
    }
}

impl Shaping for Claims<Draft> {
    const POINT: HookPoint = HookPoint::AccessToken;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::access_token(&self.members, &self.scopes, &self.audience, self.lifetime)
    }

    fn check(&self, edit: &Edit, authority: Authority<'_>) -> Result<(), EditRefused> {
        let permissions = authority.permissions;
        match edit {
            Edit::SetClaim(name, value) => {
                names::check_claim(name, permissions)?;
                names::check_subject(name, Some(value))?;
                names::check_value(name, value)
            }
            Edit::RemoveClaim(name) => {
                names::check_claim(name, permissions)?;
                names::check_subject(name, None)
            }
            Edit::SetHeader(name, value) => {
                names::check_name(name)?;
                names::check_value(name, value)?;
                if is_reserved_header(name) { Err(EditRefused::Reserved(format!("header {name}"))) } else { Ok(()) }
            }
            Edit::SetScopes(scopes) => check_scopes(scopes, &self.scopes, permissions),
            Edit::SetAudience(audience) => self.check_audience(audience, permissions),
            Edit::SetLifetime(0) => Err(EditRefused::Malformed("a lifetime of 0 seconds".to_owned())),
            // A longer lifetime than the binding permits is clamped, not refused: see `perform`.
            Edit::SetLifetime(_) | Edit::OmitRefreshToken => Ok(()),
            other => Err(misplaced(other)),
        }
    }

    fn perform(&mut self, edit: Edit, authority: Authority<'_>) {
        let what: Box<str> = match edit {
            Edit::SetClaim(name, value) => {
                let what = name.as_str().into();
                set(&mut self.members, name, value);
                what
            }
            Edit::RemoveClaim(name) => {
                self.members.retain(|member| member.name != name);
                name.into()
            }
            Edit::SetHeader(name, value) => {
                let what = format!("header:{name}").into();
                set(&mut self.header, name, value);
                what
            }
            Edit::SetScopes(scopes) => {
                self.scopes = distinct(scopes);
                "scope".into()
            }
            Edit::SetAudience(audience) => {
                self.audience = distinct(audience);
                "aud".into()
            }
            Edit::SetLifetime(seconds) => {
                self.lifetime = seconds.min(longest(self.lifetime, authority));
                "exp".into()
            }
            Edit::OmitRefreshToken => {
                self.omits_refresh_token = true;
                return;
            }
            _ => return,
        };
        note(&mut self.provenance, what, authority.binding);
    }

    /// Without a copy to fall back on, for this is the way of every token: what may be too much is counted before.
    fn apply(&mut self, edits: Vec<Edit>, authority: Authority<'_>) -> Result<(), EditRefused> {
        if edits.len() > EDITS_MAX {
            return Err(EditRefused::TooMany("edits"));
        }
        for edit in &edits {
            self.check(edit, authority)?;
        }
        let claims = self.members.len() + edits.iter().filter(|edit| matches!(edit, Edit::SetClaim(..))).count();
        if claims > CLAIMS_MAX {
            return Err(EditRefused::TooMany("claims"));
        }
        for edit in edits {
            self.perform(edit, authority);
        }
        Ok(())
    }
}

/// Of authorization details, those for an audience: the ones without `locations`, and those that name it (RFC 9396 §9.1). `None` where
/// nothing is left.
fn details_for(details: &str, audience: &[Box<str>]) -> Option<Box<str>> {
    let mut items: Vec<serde_json::Value> = serde_json::from_str(details).ok()?;
    items.retain(|item| match item.get("locations").and_then(serde_json::Value::as_array) {
        None => true,
        Some(places) => places.iter().filter_map(serde_json::Value::as_str).any(|place| audience.iter().any(|uri| **uri == *place)),
    });
    (!items.is_empty()).then(|| serde_json::Value::Array(items).to_string().into())
}

fn set(members: &mut Vec<Member>, name: String, value: Value) {
    match members.iter_mut().find(|member| member.name == name) {
        Some(member) => member.value = value,
        None => members.push(Member { name: name.into(), value }),
    }
}

impl<Stage> Claims<Stage> {
    /// The granted scopes.
    pub fn scopes(&self) -> &[Box<str>] {
        &self.scopes
    }

    /// The audience.
    pub fn audience(&self) -> &[Box<str>] {
        &self.audience
    }

    /// Seconds from issue to expiry.
    pub const fn lifetime(&self) -> u32 {
        self.lifetime
    }

    /// The key that the token is bound to. No plugin changes it.
    pub const fn confirmation(&self) -> Option<&Confirmation> {
        self.confirmation.as_ref()
    }

    /// The token's identifier.
    pub fn jti(&self) -> &str {
        &self.jti
    }

    /// When it was made.
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// When it ends.
    pub const fn expires_at(&self) -> Timestamp {
        Timestamp::from_seconds(self.issued_at.seconds() + self.lifetime as i64)
    }
}

impl Claims<Shaped> {
    /// Header members beside `typ`, `alg` and `kid`.
    pub fn header(&self) -> &[Member] {
        &self.header
    }

    /// Which plugin touched what.
    pub fn provenance(&self) -> &[Provenance] {
        &self.provenance
    }

    /// Whether a plugin wants no refresh token issued with it.
    pub const fn omits_refresh_token(&self) -> bool {
        self.omits_refresh_token
    }

    /// Ends the token's making: what its record keeps of it.
    pub fn into_record(self) -> Recorded {
        let (issued_at, expires_at) = (self.issued_at, self.expires_at());
        let Self { scopes, audience, provenance, jti, .. } = self;
        Recorded { jti, scopes, audience, provenance, issued_at, expires_at }
    }
}

/// The payload of a JWT access token ([RFC 9068 §2.2](https://www.rfc-editor.org/rfc/rfc9068#section-2.2)).
impl SignableClaims for Claims<Shaped> {
    fn render(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for member in &self.members {
            member.render(out);
            out.push(b',');
        }
        out.extend_from_slice(b"\"aud\":");
        match self.audience.as_slice() {
            [only] => render_string(only, out),
            several => render_strings(several.iter().map(AsRef::as_ref), out),
        }
        // RFC 9068 §2.2.3: present when scope applies.
        if !self.scopes.is_empty() {
            out.extend_from_slice(b",\"scope\":");
            render_words(&self.scopes, out);
        }
        if let Some(confirmation) = &self.confirmation {
            out.extend_from_slice(b",\"cnf\":");
            confirmation.render(out);
        }
        out.extend_from_slice(b",\"iat\":");
        render_integer(self.issued_at.seconds(), out);
        out.extend_from_slice(b",\"exp\":");
        render_integer(self.expires_at().seconds(), out);
        out.extend_from_slice(b",\"jti\":");
        render_string(&self.jti, out);
        out.push(b'}');
    }
}

#[cfg(test)]
mod tests;
