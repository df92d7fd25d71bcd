//! The refresh token grant ([RFC 6749 §6](https://www.rfc-editor.org/rfc/rfc6749#section-6)): a client goes on with what a person has
//! allowed it.
//!
//! Refuses when: the client may not use the grant (`unauthorized_client`); the token is unknown, another client's, over, bound to
//! another key, or the person is gone (`invalid_grant`); it was replaced before (`invalid_grant`, and the grant ends unless it lost a
//! race); more scopes or resources are asked for than were agreed to (`invalid_scope`, `invalid_target`).

use claimsmith_jose::Digest;
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::handle::{RefreshClaim, RefreshToken};
use claimsmith_protocol::registration::Rotation;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::{Lifetime, Timestamp};

use super::target::{Resources, bad_scope, bad_target, entitle, parse_resources, parse_scope};
use super::{Case, Defaults, Entitled, ForPerson, From, GrantRecord, Refresh, RefreshState, Remedy, Verdict, may_use};
use crate::client::{Authentication, Client};
use crate::confirmation::Confirmation;
use crate::policy::PeoplePolicy;

/// The value of `grant_type`.
pub const TYPE: GrantType = GrantType::RefreshToken;

/// The parameters the grant reads.
pub const PARAMETERS: [&str; 4] = ["refresh_token", "scope", "resource", "authorization_details"];

/// What the client asks for.
#[derive(Debug)]
pub struct Request {
    /// What the token says about itself; absent where it is none of ours.
    pub claim: Option<RefreshClaim>,
    digest: Digest,
    /// What the client wants of what was agreed to.
    pub narrowed: Narrowed,
}

/// Less than what was agreed to, for this one access token.
#[derive(Debug, Default)]
pub struct Narrowed {
    /// `scope`.
    pub scope: Option<ScopeSet>,
    /// Every `resource`.
    pub resources: Vec<Box<str>>,
    /// `authorization_details`.
    pub details: Option<Box<str>>,
}

/// Reads the grant's parameters.
pub fn parse(form: &Form<'_>) -> Result<Request, Refusal> {
    let missing = || Refusal::invalid_request(Reason::MissingParameter, "refresh_token is missing");
    let token = form.one("refresh_token").ok_or_else(missing)?;
    let details = form.one("authorization_details").map(Into::into);
    Ok(Request {
        claim: RefreshToken::read(token),
        digest: Digest::of(token.as_bytes()),
        narrowed: Narrowed { scope: parse_scope(form)?, resources: parse_resources(form)?, details },
    })
}

/// Decides what the client gets.
pub fn decide(request: &Request, case: &Case<'_>) -> Verdict {
    match judge(request, case) {
        Ok(entitled) => Verdict::Entitled(entitled),
        Err((refusal, remedy)) => Verdict::Refused(refusal, remedy),
    }
}

type Judgement<T> = Result<T, (Refusal, Option<Remedy>)>;

fn judge(request: &Request, case: &Case<'_>) -> Judgement<Entitled> {
    let client = case.caller.client();
    let plain = |reason| (invalid_grant(reason), None);
    may_use(client, TYPE).map_err(|refusal| (refusal, None))?;
    // Security: nobody but its own client can do anything with a refresh token, not even end the grant by replaying it.
    let grant = case.grant.filter(|grant| case.genuine && grant.client_id == client.id).ok_or_else(|| plain(Reason::UnknownGrantHandle))?;
    let state = grant.refresh.as_ref().ok_or_else(|| plain(Reason::UnknownGrantHandle))?;
    if grant.is_over(case.now) || case.now >= state.expires_at {
        return Err(plain(Reason::RevokedGrant));
    }
    let (refresh, from) = place(request, grant, state, case)?;
    check_key(state, case).map_err(plain)?;
    if case.policy.refresh.check_user && !case.person_is_there {
        return Err(plain(Reason::UserGone));
    }
    let person = |id_token| ForPerson { grant: grant.clone(), id_token, refresh, from };
    for_person(&request.narrowed, grant, case, person).map_err(|refusal| (refusal, None))
}

/// Which of the grant's tokens this is, and so what becomes of it.
fn place(request: &Request, grant: &GrantRecord, state: &RefreshState, case: &Case<'_>) -> Judgement<(Refresh, From)> {
    let client = case.caller.client();
    if state.digest == request.digest {
        let refresh = match rotation(client, case.policy) {
            Rotation::Rotate => Refresh::Issue { number: state.number.saturating_add(1), lifetime: lifetime(client, case.policy) },
            Rotation::Keep => Refresh::Keep,
        };
        return Ok((refresh, From::Refresh(state.digest)));
    }
    let since = state.rotated_at.map_or(i64::MAX, |rotated_at| case.now.since(rotated_at));
    let is_previous = state.previous_digest == Some(request.digest);
    let grace = client.registration.refresh_token_grace.unwrap_or(0);
    if is_previous && since < i64::from(grace) {
        // A retry over a bad network: its successor has not been used, or this would not be the one before.
        return Ok((Refresh::Repeat { number: state.number }, From::Unchanged));
    }
    if is_previous && since < i64::from(case.policy.refresh.reuse_interval.seconds()) {
        // A race that it lost: the winner's tokens live.
        return Err((invalid_grant(Reason::ReplayedRefreshToken), None));
    }
    Err((invalid_grant(Reason::ReplayedRefreshToken), Some(Remedy::Revoke(grant.id))))
}

/// RFC 9449 §5, RFC 8705 §4: the refresh token of a public client is bound to its key, that of an attested one to its instance's.
fn check_key(state: &RefreshState, case: &Case<'_>) -> Result<(), Reason> {
    let Some(bound_to) = &state.bound_to else { return Ok(()) };
    let held = [case.confirmation.map(Confirmation::to_json), case.caller.refresh_binding(None, None)];
    if held.iter().flatten().any(|held| **held == **bound_to) { Ok(()) } else { Err(Reason::WrongProof) }
}

/// Whether a refresh token is replaced when it is used.
pub fn rotation(client: &Client, policy: &PeoplePolicy) -> Rotation {
    // RFC 9700 §4.14.2 wants it for public clients; FAPI 2.0 Security Profile §5.3.2.1 does not want it at all.
    match (client.registration.refresh_token_rotation, &client.authentication) {
        (Some(rotation), _) => rotation,
        (None, _) if client.registration.is_fapi() => Rotation::Keep,
        (None, Authentication::Public) => Rotation::Rotate,
        (None, _) => policy.refresh.rotation,
    }
}

/// How long a refresh token may go unused.
fn lifetime(client: &Client, policy: &PeoplePolicy) -> Lifetime {
    let whole = client.refresh_token_lifetime.unwrap_or(policy.refresh_lifetime);
    policy.refresh.idle.map_or(whole, |idle| idle.min(whole))
}

/// How long a grant lives that a refresh token goes with.
pub fn grant_lifetime(client: &Client, policy: &PeoplePolicy) -> Lifetime {
    client.refresh_token_lifetime.unwrap_or(policy.refresh_lifetime)
}

/// Whether a refresh token comes with the first access token (OpenID Connect Core §11).
pub(super) fn first_refresh(grant: &GrantRecord, client: &Client, policy: &PeoplePolicy) -> Refresh {
    let allowed = client.grants.contains(&TYPE) && (grant.allowed.has_scope("offline_access") || !policy.refresh.require_offline_access);
    if allowed { Refresh::Issue { number: 0, lifetime: lifetime(client, policy) } } else { Refresh::None }
}

/// The entitlement of a grant that a person gave.
pub(super) fn for_person(
    narrowed: &Narrowed,
    grant: &GrantRecord,
    case: &Case<'_>,
    person: impl FnOnce(bool) -> ForPerson,
) -> Result<Entitled, Refusal> {
    let client = case.caller.client();
    let allowed = &grant.allowed;
    let held = ScopeSet::from_tokens(allowed.scopes.iter().cloned()).map_err(|_| bad_scope("the scope is malformed"))?;
    let scopes = match &narrowed.scope {
        Some(wanted) if !wanted.is_subset_of(&held) => return Err(bad_scope("a scope was not agreed to")),
        Some(wanted) => wanted.clone(),
        None => held,
    };
    if !allowed.resources.is_empty() && narrowed.resources.iter().any(|uri| !allowed.resources.contains(uri)) {
        return Err(bad_target("a resource was not agreed to"));
    }
    let named = if narrowed.resources.is_empty() { &allowed.resources } else { &narrowed.resources };
    let openid = scopes.contains("openid");
    let mut entitled = entitle_of_person(client, (scopes, named), case.resources, case.defaults)?;
    let mut person = person(openid);
    person.grant.allowed.details = narrow_details(allowed.details.as_deref(), narrowed.details.as_deref())?;
    entitled.person = Some(Box::new(person));
    Ok(entitled)
}

/// What a client gets for scopes and resources that a person agreed to.
pub(super) fn entitle_of_person(
    client: &Client,
    (scopes, named): (ScopeSet, &[Box<str>]),
    resources: &Resources,
    defaults: &Defaults,
) -> Result<Entitled, Refusal> {
    let openid = scopes.contains("openid");
    let mut entitled = entitle(client, scopes, named, resources, defaults)?;
    // UserInfo is a resource too: a token whose resource nobody named may go there as well.
    if openid && named.is_empty() && !entitled.audience.contains(&defaults.audience) {
        entitled.audience.push(defaults.audience.clone());
    }
    Ok(entitled)
}

/// RFC 9396 §6: of what was agreed to, each element whole.
fn narrow_details(held: Option<&str>, wanted: Option<&str>) -> Result<Option<Box<str>>, Refusal> {
    let bad = || {
        Refusal::new(
            ErrorCode::InvalidAuthorizationDetails,
            Reason::MalformedDetails,
            "authorization_details asks for more than was agreed to",
        )
    };
    let Some(wanted) = wanted else { return Ok(held.map(Into::into)) };
    let read = |text: &str| serde_json::from_str::<Vec<serde_json::Value>>(text).map_err(|_| bad());
    let (held, wanted) = (read(held.unwrap_or("[]"))?, read(wanted)?);
    if wanted.iter().all(|detail| held.contains(detail)) {
        Ok(Some(serde_json::Value::Array(wanted).to_string().into()))
    } else {
        Err(bad())
    }
}

/// `invalid_grant`. Security: the description is the same whatever the reason.
pub(super) const fn invalid_grant(reason: Reason) -> Refusal {
    Refusal::new(ErrorCode::InvalidGrant, reason, "the code or token is invalid, expired, revoked, or another client's")
}

/// The state of a refresh token that is about to be sent.
pub fn state_after(
    person: &ForPerson,
    new: Option<(u32, Digest)>,
    now: Timestamp,
    idle: Lifetime,
    bound_to: Option<Box<str>>,
) -> Option<RefreshState> {
    let held = person.grant.refresh.as_ref();
    match (new, held) {
        (Some((number, digest)), held) => Some(RefreshState {
            number,
            digest,
            previous_digest: held.map(|held| held.digest),
            rotated_at: held.map(|_| now),
            expires_at: now.plus(idle).min(person.grant.expires_at),
            bound_to: held.map_or(bound_to, |held| held.bound_to.clone()),
        }),
        (None, Some(held)) => Some(RefreshState { expires_at: now.plus(idle).min(person.grant.expires_at), ..held.clone() }),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests;
