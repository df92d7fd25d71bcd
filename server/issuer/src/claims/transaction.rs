//! What plugins may make of a transaction token, and of the word that reaches a person on their own device.

use super::names::{check_claim, check_name, check_value};
use super::shaping::{Shaping, check_attribute, check_attributes, misplaced};
use super::{Authority, CLAIMS_MAX, EditRefused};
use crate::hook::{self, Edit, HookPoint};
use crate::value::Member;

/// A transaction token before it is signed (draft-ietf-oauth-transaction-tokens).
#[derive(Debug, Clone)]
pub struct TransactionPlan {
    /// The claims of the subject's token.
    pub claims: Vec<Member>,
    /// The members of `tctx`.
    pub transaction_context: Vec<Member>,
    /// The members of `rctx`.
    pub request_context: Vec<Member>,
    /// The purpose.
    pub scopes: Vec<Box<str>>,
    /// Seconds from issue to expiry.
    pub lifetime: u32,
}

impl Shaping for TransactionPlan {
    const POINT: HookPoint = HookPoint::TransactionToken;

    fn view(&self) -> hook::Draft<'_> {
        let (transaction, request) = (&self.transaction_context, &self.request_context);
        hook::Draft::transaction_token(&self.claims, transaction, request, &self.scopes, self.lifetime)
    }

    fn check(&self, edit: &Edit, authority: Authority<'_>) -> Result<(), EditRefused> {
        let (claim, name, value) = match edit {
            Edit::SetTransactionContext(name, value) => ("tctx", name, value),
            Edit::SetRequestContext(name, value) => ("rctx", name, value),
            Edit::SetLifetime(0) => return Err(EditRefused::Malformed("a lifetime of 0 seconds".to_owned())),
            Edit::SetLifetime(_) => return Ok(()),
            other => return Err(misplaced(other)),
        };
        check_claim(claim, authority.permissions)?;
        check_name(name)?;
        check_value("", value)
    }

    fn check_whole(&self) -> Result<(), EditRefused> {
        let members = self.transaction_context.len().max(self.request_context.len());
        if members > CLAIMS_MAX { Err(EditRefused::TooMany("members")) } else { Ok(()) }
    }

    fn perform(&mut self, edit: Edit, _: Authority<'_>) {
        match edit {
            Edit::SetTransactionContext(name, value) => super::set(&mut self.transaction_context, name, value),
            Edit::SetRequestContext(name, value) => super::set(&mut self.request_context, name, value),
            // Security: these tokens live for moments; no permission makes them live longer.
            Edit::SetLifetime(seconds) => self.lifetime = seconds.min(self.lifetime),
            _ => {}
        }
    }
}

/// A person who is about to be asked on their own device (OpenID Connect CIBA Core 1.0 §8).
#[derive(Debug, Clone)]
pub struct BackchannelNotification {
    binding_message: Option<Box<str>>,
    digest: Box<str>,
    scopes: Vec<Box<str>>,
    attributes: Vec<Member>,
    notified: bool,
}

/// What the plugins did about a person who is asked on their own device.
#[derive(Debug, Clone, PartialEq)]
pub struct NotificationOutcome {
    /// Whether a plugin says that the person knows: then the server sends nothing.
    pub notified: bool,
    /// What is remembered with the request.
    pub attributes: Vec<Member>,
}

impl BackchannelNotification {
    /// What both devices show, the digest of the `auth_req_id`, and the scopes asked for.
    pub const fn of(binding_message: Option<Box<str>>, digest: Box<str>, scopes: Vec<Box<str>>) -> Self {
        Self { binding_message, digest, scopes, attributes: Vec::new(), notified: false }
    }

    /// What the plugins did.
    pub fn outcome(self) -> NotificationOutcome {
        NotificationOutcome { notified: self.notified, attributes: self.attributes }
    }
}

impl Shaping for BackchannelNotification {
    const POINT: HookPoint = HookPoint::BackchannelNotification;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::backchannel_notification(&self.digest, self.binding_message.as_deref(), &self.scopes, &self.attributes)
    }

    fn check(&self, edit: &Edit, _: Authority<'_>) -> Result<(), EditRefused> {
        match edit {
            Edit::MarkNotified => Ok(()),
            Edit::SetAttribute(name, value) => check_attribute(name, value),
            other => Err(misplaced(other)),
        }
    }

    fn check_whole(&self) -> Result<(), EditRefused> {
        check_attributes(&self.attributes)
    }

    fn perform(&mut self, edit: Edit, _: Authority<'_>) {
        match edit {
            Edit::MarkNotified => self.notified = true,
            Edit::SetAttribute(name, value) => super::set(&mut self.attributes, name, value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binding::Permission;

    fn apply<S: Shaping>(mut shaped: S, edits: Vec<Edit>, permissions: &[&str]) -> Result<S, EditRefused> {
        let permissions: Vec<_> = permissions.iter().map(|text| Permission::parse(text).expect("a permission")).collect();
        shaped.apply(edits, Authority { binding: 1, permissions: &permissions, lifetime_ceiling: 4_000 }).map(|()| shaped)
    }

    fn plan() -> TransactionPlan {
        let transaction_context = vec![Member::known("amount", "1".into())];
        TransactionPlan { claims: vec![], transaction_context, request_context: vec![], scopes: vec![], lifetime: 60 }
    }

    #[test]
    fn plg_002_the_contexts_of_a_transaction_are_set_by_permission() {
        let transaction = || vec![Edit::SetTransactionContext("amount".to_owned(), "2".into())];
        let request = || vec![Edit::SetRequestContext("region".to_owned(), "eu".into())];
        assert_eq!(apply(plan(), transaction(), &[]).err(), Some(EditRefused::NotPermitted("claim:tctx".to_owned())));
        assert_eq!(apply(plan(), request(), &["claim:tctx"]).err(), Some(EditRefused::NotPermitted("claim:rctx".to_owned())));
        let set = apply(plan(), transaction(), &["claim:tctx"]).expect("permitted");
        assert_eq!(set.transaction_context, [Member::known("amount", "2".into())]);
        assert_eq!(apply(plan(), request(), &["claim:*"]).expect("permitted").request_context.len(), 1);
        assert!(matches!(apply(plan(), vec![Edit::SetClaim("a".to_owned(), "b".into())], &["claim:*"]), Err(EditRefused::Misplaced(_))));
    }

    #[test]
    fn plg_001_a_transaction_never_lives_longer_than_it_would() {
        let lived = |seconds, permissions: &[&str]| apply(plan(), vec![Edit::SetLifetime(seconds)], permissions).map(|plan| plan.lifetime);
        assert_eq!(lived(30, &[]), Ok(30));
        assert_eq!(lived(3_600, &["lifetime:3600"]), Ok(60));
        assert!(lived(0, &[]).is_err());
    }

    #[test]
    fn who_was_notified_is_not_notified_again() {
        let asked = || BackchannelNotification::of(Some("K7".into()), "d".into(), vec![]);
        assert!(!asked().outcome().notified);
        let remember = Edit::SetAttribute("channel".to_owned(), "app".into());
        let outcome = apply(asked(), vec![Edit::MarkNotified, remember], &[]).expect("free").outcome();
        assert!(outcome.notified && outcome.attributes.len() == 1);
        assert_eq!(apply(plan(), vec![Edit::MarkNotified], &[]).err(), Some(EditRefused::Misplaced("mark-notified")));
    }
}
