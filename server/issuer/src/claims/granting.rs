//! What plugins may make of grants that bring a proof from elsewhere: a password, a token to exchange, an assertion.

use super::names::check_claim;
use super::shaping::{Shaping, check_attribute, check_attributes, check_scopes, distinct, misplaced};
use super::{Authority, EditRefused, NAME_LENGTH_MAX};
use crate::binding::Permission;
use crate::hook::{self, Edit, ExchangeMode, HookPoint, PasswordResult, Shown};
use crate::value::Member;

/// The most methods of authentication that one token names.
const AMR_MAX: usize = 16;

/// A password that a client brings, after the server has looked at it
/// ([RFC 6749 §4.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.3)).
#[derive(Debug, Clone)]
pub struct PasswordJudgement<'a> {
    username: &'a str,
    password: Shown<'a>,
    outcome: PasswordResult,
    user: Option<Box<str>>,
    amr: Vec<Box<str>>,
    attributes: Vec<Member>,
}

/// What the plugins say to a password. A refusal is no outcome but ends the walk.
#[derive(Debug, Clone, PartialEq)]
pub struct PasswordOutcome {
    /// The user who is let in, by their identifier. Nobody: the password did not do, and no plugin vouched for anyone.
    pub user: Option<Box<str>>,
    /// How they authenticated (RFC 8176).
    pub amr: Vec<Box<str>>,
    /// What is remembered with the grant.
    pub attributes: Vec<Member>,
}

impl<'a> PasswordJudgement<'a> {
    /// What the server made of name and password: `user` is there with a right password and only then; `amr` says how.
    pub fn of(username: &'a str, password: &'a str, outcome: PasswordResult, user: Option<Box<str>>, amr: Vec<Box<str>>) -> Self {
        // Security: whom a password did not prove is nobody, whatever was found under the name.
        let user = user.filter(|_| outcome == PasswordResult::Right);
        Self { username, password: Shown(password), outcome, user, amr, attributes: Vec::new() }
    }

    /// What the plugins made of it.
    pub fn outcome(self) -> PasswordOutcome {
        let Self { user, amr, attributes, .. } = self;
        PasswordOutcome { user, amr, attributes }
    }
}

impl Shaping for PasswordJudgement<'_> {
    const POINT: HookPoint = HookPoint::Password;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::password(self.username, self.outcome, self.user.as_deref(), &self.amr, &self.attributes)
    }

    fn view_for(&self, permissions: &[Permission]) -> hook::Draft<'_> {
        let password = Some(self.password).filter(|_| permissions.contains(&Permission::Password));
        hook::Draft { password, ..self.view() }
    }

    fn check(&self, edit: &Edit, authority: Authority<'_>) -> Result<(), EditRefused> {
        match edit {
            Edit::SetUser(user) => check_user(user, authority),
            Edit::AddAmr(methods) => check_claim("amr", authority.permissions).and_then(|()| check_methods(methods)),
            Edit::SetAttribute(name, value) => check_attribute(name, value),
            other => Err(misplaced(other)),
        }
    }

    fn check_whole(&self) -> Result<(), EditRefused> {
        if self.amr.len() > AMR_MAX {
            return Err(EditRefused::TooMany("methods of authentication"));
        }
        check_attributes(&self.attributes)
    }

    fn perform(&mut self, edit: Edit, _: Authority<'_>) {
        match edit {
            Edit::SetUser(user) => self.user = Some(user.into()),
            Edit::AddAmr(methods) => {
                self.amr.extend(methods.into_iter().map(Into::into));
                let mut kept = Vec::with_capacity(self.amr.len());
                for method in self.amr.drain(..) {
                    if !kept.contains(&method) {
                        kept.push(method);
                    }
                }
                self.amr = kept;
            }
            Edit::SetAttribute(name, value) => super::set(&mut self.attributes, name, value),
            _ => {}
        }
    }
}

/// An exchange of tokens, after both were verified ([RFC 8693](https://www.rfc-editor.org/rfc/rfc8693)).
#[derive(Debug, Clone)]
pub struct TokenExchange {
    /// The claims of the subject's token.
    pub claims: Vec<Member>,
    /// The claims of the actor's token; empty where there is none.
    pub actor_claims: Vec<Member>,
    /// `subject_token_type`.
    pub subject_token_type: Box<str>,
    /// `requested_token_type`.
    pub requested_token_type: Box<str>,
    /// The scopes that would be granted.
    pub scopes: Vec<Box<str>>,
    /// The audience that the token would have.
    pub audience: Vec<Box<str>>,
    /// Who would act.
    pub mode: ExchangeMode,
    /// Whether the policy lets the token keep quiet about its actor: what a plugin with the permission may use.
    pub may_impersonate: bool,
    /// The user's identifier, where the subject is a user here.
    pub user: Option<Box<str>>,
    /// What is remembered with the grant.
    pub attributes: Vec<Member>,
}

impl Shaping for TokenExchange {
    const POINT: HookPoint = HookPoint::TokenExchange;

    fn view(&self) -> hook::Draft<'_> {
        let types = (&*self.subject_token_type, &*self.requested_token_type);
        let draft = hook::Draft::token_exchange(&self.claims, &self.actor_claims, &self.attributes);
        draft.between(types, self.mode, self.user.as_deref()).with(&self.scopes, &self.audience)
    }

    fn check(&self, edit: &Edit, authority: Authority<'_>) -> Result<(), EditRefused> {
        match edit {
            // Security: never more than the subject's token and the policy come to, whatever the permission; `access_token` adds.
            Edit::SetScopes(scopes) => check_scopes(scopes, &self.scopes, &[]),
            Edit::SetAudience(audience) => check_narrower_audience(audience, &self.audience),
            Edit::SetExchangeMode(ExchangeMode::Delegation) => Ok(()),
            Edit::SetExchangeMode(ExchangeMode::Impersonation) if self.mode == ExchangeMode::Impersonation => Ok(()),
            Edit::SetExchangeMode(ExchangeMode::Impersonation) => {
                let permitted = self.may_impersonate && authority.permissions.contains(&Permission::Impersonation);
                if permitted { Ok(()) } else { Err(EditRefused::NotPermitted("impersonation".to_owned())) }
            }
            Edit::SetUser(user) => check_user(user, authority),
            Edit::SetAttribute(name, value) => check_attribute(name, value),
            other => Err(misplaced(other)),
        }
    }

    fn check_whole(&self) -> Result<(), EditRefused> {
        check_attributes(&self.attributes)
    }

    fn perform(&mut self, edit: Edit, _: Authority<'_>) {
        match edit {
            Edit::SetScopes(scopes) => self.scopes = distinct(scopes),
            Edit::SetAudience(audience) => self.audience = distinct(audience),
            Edit::SetExchangeMode(mode) => self.mode = mode,
            Edit::SetUser(user) => self.user = Some(user.into()),
            Edit::SetAttribute(name, value) => super::set(&mut self.attributes, name, value),
            _ => {}
        }
    }
}

fn check_narrower_audience(audience: &[String], held: &[Box<str>]) -> Result<(), EditRefused> {
    if audience.is_empty() && !held.is_empty() {
        return Err(EditRefused::Malformed("an empty audience".to_owned()));
    }
    let new = audience.iter().find(|uri| !held.iter().any(|held| **held == ***uri));
    new.map_or(Ok(()), |uri| Err(EditRefused::NotPermitted(format!("audience:{uri}"))))
}

/// An assertion that is used as a grant, after it was verified ([RFC 7523](https://www.rfc-editor.org/rfc/rfc7523)).
#[derive(Debug, Clone)]
pub struct BearerAssertion {
    /// Who issued it.
    pub issuer: Box<str>,
    /// Its claims.
    pub claims: Vec<Member>,
    /// The scopes that would be granted.
    pub scopes: Vec<Box<str>>,
    /// The user's identifier, where the subject is a user here.
    pub user: Option<Box<str>>,
    /// What is remembered with the grant.
    pub attributes: Vec<Member>,
}

impl Shaping for BearerAssertion {
    const POINT: HookPoint = HookPoint::JwtBearer;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::jwt_bearer(&self.claims, &self.issuer, &self.scopes, self.user.as_deref(), &self.attributes)
    }

    fn check(&self, edit: &Edit, authority: Authority<'_>) -> Result<(), EditRefused> {
        match edit {
            Edit::SetScopes(scopes) => check_scopes(scopes, &self.scopes, &[]),
            Edit::SetUser(user) => check_user(user, authority),
            Edit::SetAttribute(name, value) => check_attribute(name, value),
            other => Err(misplaced(other)),
        }
    }

    fn check_whole(&self) -> Result<(), EditRefused> {
        check_attributes(&self.attributes)
    }

    fn perform(&mut self, edit: Edit, _: Authority<'_>) {
        match edit {
            Edit::SetScopes(scopes) => self.scopes = distinct(scopes),
            Edit::SetUser(user) => self.user = Some(user.into()),
            Edit::SetAttribute(name, value) => super::set(&mut self.attributes, name, value),
            _ => {}
        }
    }
}

/// Whether a plugin may say for whom it is. That there is such a user, and that they are no longer locked, is looked at afterwards.
fn check_user(user: &str, authority: Authority<'_>) -> Result<(), EditRefused> {
    if !authority.permissions.contains(&Permission::SetUser) {
        return Err(EditRefused::NotPermitted("set_user".to_owned()));
    }
    let is_identifier = !user.is_empty() && user.len() <= NAME_LENGTH_MAX && !user.chars().any(char::is_control);
    if is_identifier { Ok(()) } else { Err(EditRefused::Malformed("a user is named by their identifier".to_owned())) }
}

fn check_methods(methods: &[String]) -> Result<(), EditRefused> {
    let is_method = |method: &String| !method.is_empty() && method.len() <= 64 && method.bytes().all(|byte| byte.is_ascii_graphic());
    let message = "a method of authentication is one word of visible ASCII";
    if methods.iter().all(is_method) { Ok(()) } else { Err(EditRefused::Malformed(message.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(texts: &[&str]) -> Vec<Permission> {
        texts.iter().map(|text| Permission::parse(text).expect("a permission")).collect()
    }

    fn authority(permissions: &[Permission]) -> Authority<'_> {
        Authority { binding: 1, permissions, lifetime_ceiling: 0 }
    }

    fn boxed(texts: &[&str]) -> Vec<Box<str>> {
        texts.iter().map(|&text| text.into()).collect()
    }

    fn judged(outcome: PasswordResult, edits: Vec<Edit>, permissions: &[&str]) -> Result<PasswordOutcome, EditRefused> {
        let user = Some("u1".into());
        let mut judgement = PasswordJudgement::of("alice", "hunter2", outcome, user, boxed(&["pwd"]));
        judgement.apply(edits, authority(&granted(permissions))).map(|()| judgement.outcome())
    }

    #[test]
    fn plg_005_a_password_is_shown_by_permission_and_never_logged() {
        let judgement = PasswordJudgement::of("alice", "hunter2", PasswordResult::Wrong, None, vec![]);
        assert!(judgement.view().password.is_none());
        assert!(judgement.view_for(&granted(&["claim:*", "user:*", "set_user"])).password.is_none());
        let permitted = granted(&["password"]);
        assert_eq!(judgement.view_for(&permitted).password.map(|shown| shown.0), Some("hunter2"));
        let printed = format!("{judgement:?}{:?}", judgement.view_for(&permitted));
        assert!(!printed.contains("hunter2"), "{printed}");
    }

    #[test]
    fn plg_001_nobody_is_let_in_by_a_plugin_without_the_permission() {
        let vouch = || vec![Edit::SetUser("u2".to_owned())];
        for outcome in [PasswordResult::Wrong, PasswordResult::UnknownUser, PasswordResult::NotTried] {
            assert_eq!(judged(outcome, vec![], &[]).expect("no edits").user, None, "{outcome:?}");
            assert_eq!(judged(outcome, vouch(), &["password", "user:*", "sub"]), Err(EditRefused::NotPermitted("set_user".to_owned())));
            assert_eq!(judged(outcome, vouch(), &["set_user"]).expect("permitted").user.as_deref(), Some("u2"));
        }
        assert_eq!(judged(PasswordResult::Right, vec![], &[]).expect("no edits").user.as_deref(), Some("u1"));
        assert!(matches!(judged(PasswordResult::Wrong, vec![Edit::SetUser(String::new())], &["set_user"]), Err(EditRefused::Malformed(_))));
    }

    #[test]
    fn plg_002_how_a_person_authenticated_is_added_to_by_permission() {
        let add = |methods: &[&str]| vec![Edit::AddAmr(methods.iter().map(|&method| method.to_owned()).collect())];
        assert_eq!(judged(PasswordResult::Right, add(&["otp"]), &["claim:*"]), Err(EditRefused::NotPermitted("amr".to_owned())));
        assert_eq!(judged(PasswordResult::Right, add(&["otp", "pwd", "otp"]), &["amr"]).expect("permitted").amr, boxed(&["pwd", "otp"]));
        assert!(matches!(judged(PasswordResult::Right, add(&["a b"]), &["amr"]), Err(EditRefused::Malformed(_))));
        let misplaced = judged(PasswordResult::Right, vec![Edit::MarkNotified], &[]);
        assert_eq!(misplaced, Err(EditRefused::Misplaced("mark-notified")));
    }

    fn exchange(may_impersonate: bool) -> TokenExchange {
        TokenExchange {
            claims: vec![],
            actor_claims: vec![],
            subject_token_type: "urn:ietf:params:oauth:token-type:access_token".into(),
            requested_token_type: "urn:ietf:params:oauth:token-type:access_token".into(),
            scopes: boxed(&["read", "write"]),
            audience: boxed(&["urn:a", "urn:b"]),
            mode: ExchangeMode::Delegation,
            may_impersonate,
            user: Some("u1".into()),
            attributes: vec![],
        }
    }

    fn exchanged(may_impersonate: bool, edit: Edit, permissions: &[&str]) -> Result<TokenExchange, EditRefused> {
        let mut exchange = exchange(may_impersonate);
        exchange.apply(vec![edit], authority(&granted(permissions))).map(|()| exchange)
    }

    #[test]
    fn plg_002_an_exchange_is_narrowed_and_never_widened() {
        let everything = ["scope:admin", "audience:urn:c", "set_user"];
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        assert_eq!(exchanged(false, Edit::SetScopes(texts(&["read"])), &[]).expect("narrower").scopes, boxed(&["read"]));
        assert_eq!(exchanged(false, Edit::SetAudience(texts(&["urn:b"])), &[]).expect("narrower").audience, boxed(&["urn:b"]));
        let wider = exchanged(false, Edit::SetScopes(texts(&["read", "admin"])), &everything).err();
        assert_eq!(wider, Some(EditRefused::NotPermitted("scope:admin".to_owned())));
        let wider = exchanged(false, Edit::SetAudience(texts(&["urn:c"])), &everything).err();
        assert_eq!(wider, Some(EditRefused::NotPermitted("audience:urn:c".to_owned())));
        assert!(matches!(exchanged(false, Edit::SetAudience(vec![]), &[]), Err(EditRefused::Malformed(_))));
        assert!(exchanged(false, Edit::SetUser("u2".to_owned()), &[]).is_err());
        assert_eq!(exchanged(false, Edit::SetUser("u2".to_owned()), &everything).expect("permitted").user.as_deref(), Some("u2"));
    }

    #[test]
    fn plg_001_an_actor_is_kept_quiet_about_where_policy_and_binding_permit() {
        let quiet = || Edit::SetExchangeMode(ExchangeMode::Impersonation);
        for (policy, permissions) in [(false, &["impersonation"][..]), (true, &[]), (true, &["set_user"]), (false, &[])] {
            assert_eq!(exchanged(policy, quiet(), permissions).err(), Some(EditRefused::NotPermitted("impersonation".to_owned())));
        }
        assert_eq!(exchanged(true, quiet(), &["impersonation"]).expect("permitted").mode, ExchangeMode::Impersonation);
        let named = exchanged(false, Edit::SetExchangeMode(ExchangeMode::Delegation), &[]);
        assert_eq!(named.expect("to say more is free").mode, ExchangeMode::Delegation);
    }

    #[test]
    fn plg_002_an_assertion_is_narrowed_and_mapped_by_permission() {
        let bearer = |edit, permissions: &[&str]| {
            let mut assertion =
                BearerAssertion { issuer: "i".into(), claims: vec![], scopes: boxed(&["read"]), user: None, attributes: vec![] };
            assertion.apply(vec![edit], authority(&granted(permissions))).map(|()| assertion)
        };
        assert_eq!(bearer(Edit::SetScopes(vec![]), &[]).expect("narrower").scopes, boxed(&[]));
        assert!(bearer(Edit::SetScopes(vec!["admin".to_owned()]), &["scope:admin"]).is_err());
        assert!(bearer(Edit::SetUser("u1".to_owned()), &["sub"]).is_err());
        assert_eq!(bearer(Edit::SetUser("u1".to_owned()), &["set_user"]).expect("permitted").user.as_deref(), Some("u1"));
        assert!(bearer(Edit::SetLifetime(1), &[]).is_err());
    }
}
