//! Transaction tokens (draft-ietf-oauth-transaction-tokens): a workload at the edge gives what it was given, and gets a short-lived token
//! that says inside the trust domain who is served, what for and in which circumstances.

use claimsmith_protocol::credentials::AuthMethod;
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::registration::TransactionTokens;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::Timestamp;
use serde_json::{Map, Value, json};

use super::{Exchange, Held, Kind, Origin, Product, Request, beside, check_relation, malformed, missing, only_audience, unacceptable};
use crate::grants::target::{bad_scope, bad_target};
use crate::grants::{Case, Entitled};

/// The type of the JWT (§9.1).
pub const TYP: &str = "txntoken+jwt";

/// The most workloads that have had a token replaced, one after the other.
const CHAIN_MAX: usize = 16;
/// How far a workload's clock may be off, seconds.
const SKEW: i64 = 30;
/// The longest life of what a workload says of whom it serves, seconds.
const SELF_SIGNED_LIFETIME_MAX: i64 = 3_600;
/// The longest subject, bytes.
const SUBJECT_LENGTH_MAX: usize = 512;

/// What a workload says of a transaction: `request_details` and `request_context`, JSON objects (§11.3).
#[derive(Debug, Default)]
pub(super) struct Context {
    details: Map<String, Value>,
    request: Map<String, Value>,
}

impl Context {
    pub(super) fn parse(form: &Form<'_>, wanted: Kind) -> Result<Self, Refusal> {
        let object = |name: &str, wrong| match form.one(name) {
            None => Ok(Map::new()),
            Some(_) if wanted != Kind::Transaction => {
                Err(malformed("request_details and request_context belong to a request for a transaction token"))
            }
            Some(text) => serde_json::from_str(text).map_err(|_| malformed(wrong)),
        };
        Ok(Self {
            details: object("request_details", "request_details is not a JSON object")?,
            request: object("request_context", "request_context is not a JSON object")?,
        })
    }
}

/// A transaction token that is replaced; its signature is ours.
pub fn replaced(claims: Map<String, Value>) -> Option<Held> {
    Held::of_claims(claims, Origin::Ours { client_id: "".into(), audience: Vec::new() })
}

/// What a workload says of whom it serves; the signature is its own (§11.2.1).
pub fn self_signed(claims: Map<String, Value>, client_id: &str, issuer: &str, now: Timestamp) -> Option<Held> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let (iat, exp) = (claims.get("iat")?.as_i64()?, claims.get("exp")?.as_i64()?);
    let timely = iat <= now.seconds().saturating_add(SKEW) && exp.saturating_sub(iat) <= SELF_SIGNED_LIFETIME_MAX;
    let good = timely && text("iss") == Some(client_id) && text("aud") == Some(issuer) && text("sub").is_some_and(is_name);
    if good { Held::of_claims(claims, Origin::Caller) } else { None }
}

/// What a workload says of whom it serves, and nothing proves (§11.2.2).
pub fn unsigned(mut claims: Map<String, Value>, now: Timestamp) -> Option<Held> {
    claims.get("sub").and_then(Value::as_str).filter(|text| is_name(text))?;
    claims.insert("exp".to_owned(), json!(now.seconds() + SELF_SIGNED_LIFETIME_MAX));
    Held::of_claims(claims, Origin::Caller)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= SUBJECT_LENGTH_MAX
}

/// What a transaction token says beside what every token does.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// `txn`, of the token that is replaced; a fresh one where absent.
    pub txn: Option<Box<str>>,
    /// `req_wl`: the workloads that asked, the last one last, between commas.
    pub workloads: String,
    /// `tctx`.
    pub transaction: Map<String, Value>,
    /// `rctx`.
    pub request: Map<String, Value>,
}

impl Facts {
    /// As claims (§9.2); `fresh` is the transaction's identifier where it has none yet.
    pub fn write(&self, fresh: &str, claims: &mut Map<String, Value>) {
        claims.insert("txn".to_owned(), json!(self.txn.as_deref().unwrap_or(fresh)));
        claims.insert("req_wl".to_owned(), json!(self.workloads));
        claims.insert("tctx".to_owned(), Value::Object(self.transaction.clone()));
        claims.insert("rctx".to_owned(), Value::Object(self.request.clone()));
    }
}

pub(super) fn decide(request: &Request, (exchange, subject): (&Exchange, &Held), case: &Case<'_>) -> Result<Entitled, Refusal> {
    let client = case.caller.client();
    let policy = client.registration.token_exchange.as_ref().and_then(|policy| policy.transaction_tokens.as_ref());
    let policy = policy.filter(|_| is_strong(case.caller.method())).ok_or_else(not_for_it)?;
    let domain = exchange.offers.trust_domain.as_deref().ok_or_else(|| malformed("this server issues no transaction tokens"))?;
    if only_audience(request)? != domain || !request.resources.is_empty() {
        return Err(bad_target("the audience of a transaction token is the trust domain, and it names no resource"));
    }
    check_subject(request, subject, policy, case)?;
    let scopes = decide_scopes(request, subject, policy)?;
    let facts = facts(request, subject, policy, case)?;
    let lifetime = exchange.offers.transaction_lifetime.min(subject.remaining(case.now));
    let about = match (&subject.origin, case.newcomer) {
        (Origin::Trusted(_), Some(newcomer)) => newcomer.subject.clone(),
        _ => subject.subject.clone(),
    };
    Ok(beside((scopes, domain), (lifetime, Kind::Transaction), (about, Product::Transaction(facts)), case))
}

/// §13.10: whoever can ask can say who is served, so a password that can be copied does not do.
const fn is_strong(method: AuthMethod) -> bool {
    matches!(method, AuthMethod::PrivateKeyJwt | AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTlsClientAuth)
}

const fn not_for_it() -> Refusal {
    let text = "transaction tokens are for clients that may have them, and authenticate with a key or a certificate";
    Refusal::new(ErrorCode::UnauthorizedClient, Reason::GrantNotAllowed, text)
}

/// Whether this workload may have a transaction for this subject.
fn check_subject(request: &Request, subject: &Held, policy: &TransactionTokens, case: &Case<'_>) -> Result<(), Refusal> {
    let allowed = match request.subject.kind {
        Kind::SelfSigned => policy.self_signed_subjects,
        Kind::UnsignedJson => policy.unsigned_subjects,
        // Within the trust domain every workload that may ask at all may go on with a transaction (§13.15).
        Kind::Transaction => true,
        _ => {
            check_relation(subject, case)?;
            let over = case.grant.is_some_and(|grant| grant.is_over(case.now) || !case.person_is_there);
            !over && (matches!(subject.origin, Origin::Ours { .. }) || case.newcomer.is_some())
        }
    };
    if allowed { Ok(()) } else { Err(unacceptable()) }
}

/// §13.6: no more than the subject's token is worth, and what the operator lets the workload ask for.
fn decide_scopes(request: &Request, subject: &Held, policy: &TransactionTokens) -> Result<ScopeSet, Refusal> {
    let wanted = request.scope.as_ref().filter(|scope| !scope.is_empty()).ok_or_else(|| missing("scope is missing"))?;
    let allowed = ScopeSet::from_tokens(policy.scopes.iter().cloned()).unwrap_or_default();
    let held = match &subject.origin {
        Origin::Caller => None,
        Origin::Ours { .. } => Some(subject.scopes()?.unwrap_or_default()),
        Origin::Trusted(trusted) => {
            let mut worth = ScopeSet::from_tokens(trusted.scopes.iter().cloned()).unwrap_or_default();
            let named = subject.scopes()?;
            worth.retain(|scope| named.as_ref().is_none_or(|named| named.contains(scope)));
            Some(worth)
        }
    };
    if wanted.is_subset_of(&allowed) && held.is_none_or(|held| wanted.is_subset_of(&held)) {
        Ok(wanted.clone())
    } else {
        Err(bad_scope("a scope is not the subject token's, or not the client's to ask for"))
    }
}

/// The contexts: those of a token that is replaced stay as they are (§13.15).
fn facts(request: &Request, subject: &Held, policy: &TransactionTokens, case: &Case<'_>) -> Result<Facts, Refusal> {
    let itself = case.caller.client().id.as_str();
    let replaced = request.subject.kind == Kind::Transaction;
    let text = |name: &str| subject.claims.get(name).and_then(Value::as_str).filter(|_| replaced);
    let workloads = match text("req_wl") {
        Some(former) if former.split(',').count() >= CHAIN_MAX => return Err(malformed("too many workloads, one after the other")),
        Some(former) => format!("{former},{itself}"),
        None => itself.to_owned(),
    };
    let former = |name: &str| subject.claims.get(name).and_then(Value::as_object).filter(|_| replaced).cloned().unwrap_or_default();
    Ok(Facts {
        txn: text("txn").map(Into::into),
        workloads,
        transaction: joined(former("tctx"), &request.context.details, policy)?,
        request: joined(former("rctx"), &request.context.request, policy)?,
    })
}

/// §11.3: a workload says what the operator lets it say, and unsays nothing.
fn joined(mut held: Map<String, Value>, said: &Map<String, Value>, policy: &TransactionTokens) -> Result<Map<String, Value>, Refusal> {
    for (name, value) in said {
        if !policy.context.iter().any(|allowed| **allowed == **name) {
            return Err(malformed("request_details or request_context has a member that the client may not set"));
        }
        match held.get(name) {
            Some(former) if former != value => return Err(malformed("what a transaction token says is not said otherwise in its place")),
            _ => drop(held.insert(name.clone(), value.clone())),
        }
    }
    Ok(held)
}
