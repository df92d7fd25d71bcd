//! What a client waits for while somebody decides on another device: the same for every grant that is polled for
//! ([RFC 8628 §3.5](https://www.rfc-editor.org/rfc/rfc8628#section-3.5)).

use claimsmith_jose::Digest;
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::handle::{Code, GrantId};
use claimsmith_protocol::time::Timestamp;

use super::refresh_token::{Narrowed, first_refresh, for_person, invalid_grant};
use super::{Case, Entitled, ForPerson, From, Remedy, Verdict};

/// The code with which a client asks.
#[derive(Debug)]
pub struct Request {
    /// The grant that it would lead to; absent where it is no code of ours.
    pub grant: Option<GrantId>,
    /// SHA-256 of it.
    pub digest: Digest,
    /// How it began.
    pub kind: DeferredKind,
    narrowed: Narrowed,
}

/// How it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeferredKind {
    /// A device, whose person types a code (RFC 8628).
    Device,
    /// A client that named its person (OpenID Connect CIBA).
    Backchannel,
}

impl DeferredKind {
    /// As it is kept.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Backchannel => "ciba",
        }
    }
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeferredState {
    /// Nobody has decided.
    Pending,
    /// Somebody said yes: there is a grant.
    Approved,
    /// Somebody said no.
    Denied,
}

/// What the client that asks waits for. Asking has been counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Polled {
    /// SHA-256 of the code.
    pub digest: Digest,
    /// How far it is.
    pub state: DeferredState,
    /// Whether less than the interval has passed since the client asked before.
    pub too_fast: bool,
    /// When it is too late.
    pub expires_at: Timestamp,
}

impl Request {
    pub(super) fn new(kind: DeferredKind, code: &str, resources: Vec<Box<str>>) -> Self {
        let narrowed = Narrowed { scope: None, resources, details: None };
        Self { grant: Code::grant_of(code), digest: Digest::of(code.as_bytes()), kind, narrowed }
    }

    pub(super) fn resources(&self) -> &[Box<str>] {
        &self.narrowed.resources
    }
}

/// Decides what the client hears.
pub(super) fn decide(request: &Request, case: &Case<'_>) -> Verdict {
    match judge(request, case) {
        Ok(entitled) => Verdict::Entitled(entitled),
        Err((refusal, remedy)) => Verdict::Refused(refusal, remedy),
    }
}

type Judgement<T> = Result<T, (Refusal, Option<Remedy>)>;

fn judge(request: &Request, case: &Case<'_>) -> Judgement<Entitled> {
    let told = |code, reason, description| Err((Refusal::new(code, reason, description), None));
    let unknown = || (invalid_grant(Reason::UnknownGrantHandle), None);
    // Security: what another client waits for is as unknown as what nobody does.
    let polled = case.polled.filter(|polled| polled.digest == request.digest).ok_or_else(unknown)?;
    if polled.state == DeferredState::Denied {
        return told(ErrorCode::AccessDenied, Reason::RefusedByPerson, "the person said no");
    }
    let spent = case.grant.and_then(|grant| grant.code).is_some_and(|code| code.spent_at.is_some());
    if case.now >= polled.expires_at && !spent {
        return told(ErrorCode::ExpiredToken, Reason::DecidedTooLate, "nobody decided in time: begin anew");
    }
    if polled.too_fast {
        return told(ErrorCode::SlowDown, Reason::PolledTooFast, "wait five seconds more between two requests");
    }
    if polled.state == DeferredState::Pending {
        return told(ErrorCode::AuthorizationPending, Reason::Undecided, "nobody has decided yet");
    }
    let grant = case.grant.filter(|grant| grant.client_id == case.caller.client().id && grant.allowed.deferred).ok_or_else(unknown)?;
    if !case.caller.is_instance(grant.allowed.instance.as_deref()) {
        return Err((invalid_grant(Reason::WrongAttestation), None));
    }
    if spent {
        // Whoever came first may not have been the client, as with an authorization code (RFC 6749 §4.1.2).
        return Err((invalid_grant(Reason::SpentCode), Some(Remedy::Revoke(grant.id))));
    }
    if grant.is_over(case.now) {
        return Err((invalid_grant(Reason::RevokedGrant), None));
    }
    if !case.person_is_there {
        return Err((invalid_grant(Reason::UserGone), None));
    }
    let refresh = first_refresh(grant, case.caller.client(), case.policy);
    let person = |id_token| ForPerson { grant: grant.clone(), id_token, refresh, from: From::Code(request.digest) };
    for_person(&request.narrowed, grant, case, person).map_err(|refusal| (refusal, None))
}
