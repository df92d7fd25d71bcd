//! What plugins may make of a sign-in, of what is remembered of it, and of the refresh token that continues it.

use super::shaping::{Shaping, check_attribute, check_attributes, longest, misplaced};
use super::{Authority, EditRefused, NAME_LENGTH_MAX};
use crate::hook::{self, Edit, HookPoint};
use crate::value::Member;

/// The most things that plugins may ask of a person beside what they did.
const STEPS_MAX: usize = 8;

/// What a person must do before their sign-in is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepUp {
    /// Reach an authentication context class.
    Acr(Box<str>),
    /// Show one factor more.
    Factor(Box<str>),
}

/// What the plugins say to a factor that was verified. A refusal is no outcome but ends the walk.
#[derive(Debug, Clone, PartialEq)]
pub enum AuthenticationOutcome {
    /// The factor counts; these are the session's attributes from now on.
    Accept {
        /// All of them, those that were there before among them.
        attributes: Vec<Member>,
    },
    /// The factor counts, and more is asked for: all of it.
    StepUp {
        /// What, in the order in which plugins asked; never empty.
        steps: Vec<StepUp>,
        /// As in `Accept`.
        attributes: Vec<Member>,
    },
}

/// A sign-in of which one factor more was verified.
#[derive(Debug, Clone)]
pub struct SignIn {
    factor: Box<str>,
    factors: Vec<Box<str>>,
    attributes: Vec<Member>,
    steps: Vec<StepUp>,
}

impl SignIn {
    /// The factor just verified, all factors so far (that one among them), and the session's attributes so far.
    pub const fn of(factor: Box<str>, factors: Vec<Box<str>>, attributes: Vec<Member>) -> Self {
        Self { factor, factors, attributes, steps: Vec::new() }
    }

    /// What the plugins made of it. A step that was taken already asks for nothing.
    pub fn outcome(self) -> AuthenticationOutcome {
        let Self { factors, attributes, mut steps, .. } = self;
        steps.retain(|step| !matches!(step, StepUp::Factor(name) if factors.contains(name)));
        if steps.is_empty() { AuthenticationOutcome::Accept { attributes } } else { AuthenticationOutcome::StepUp { steps, attributes } }
    }
}

impl Shaping for SignIn {
    const POINT: HookPoint = HookPoint::Authentication;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::authentication(&self.attributes, &self.factor, &self.factors)
    }

    fn check(&self, edit: &Edit, _: Authority<'_>) -> Result<(), EditRefused> {
        match edit {
            Edit::SetAttribute(name, value) => check_attribute(name, value),
            Edit::RequireAcr(name) | Edit::RequireFactor(name) => check_word(name),
            other => Err(misplaced(other)),
        }
    }

    fn check_whole(&self) -> Result<(), EditRefused> {
        if self.steps.len() > STEPS_MAX {
            return Err(EditRefused::TooMany("steps"));
        }
        check_attributes(&self.attributes)
    }

    fn perform(&mut self, edit: Edit, _: Authority<'_>) {
        let step = match edit {
            Edit::SetAttribute(name, value) => return super::set(&mut self.attributes, name, value),
            Edit::RequireAcr(name) => StepUp::Acr(name.into()),
            Edit::RequireFactor(name) => StepUp::Factor(name.into()),
            _ => return,
        };
        if !self.steps.contains(&step) {
            self.steps.push(step);
        }
    }
}

/// An `acr` value (they are listed with spaces between them, OpenID Connect Core §3.1.2.1) or the name of a factor.
fn check_word(word: &str) -> Result<(), EditRefused> {
    let is_word = !word.is_empty() && word.len() <= NAME_LENGTH_MAX && word.bytes().all(|byte| byte.is_ascii_graphic());
    if is_word { Ok(()) } else { Err(EditRefused::Malformed("an acr or factor is one word of visible ASCII".to_owned())) }
}

/// A sign-in that is complete: plugins may still refuse it, and remember something with the session.
#[derive(Debug, Clone)]
pub struct SignedIn {
    attributes: Vec<Member>,
    scopes: Vec<Box<str>>,
}

impl SignedIn {
    /// The session's attributes so far, and the scopes that are asked for.
    pub const fn of(attributes: Vec<Member>, scopes: Vec<Box<str>>) -> Self {
        Self { attributes, scopes }
    }

    /// The session's attributes from now on.
    pub fn into_attributes(self) -> Vec<Member> {
        self.attributes
    }
}

impl Shaping for SignedIn {
    const POINT: HookPoint = HookPoint::PostAuthentication;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::post_authentication(&self.attributes, &self.scopes)
    }

    fn check(&self, edit: &Edit, _: Authority<'_>) -> Result<(), EditRefused> {
        match edit {
            Edit::SetAttribute(name, value) => check_attribute(name, value),
            other => Err(misplaced(other)),
        }
    }

    fn check_whole(&self) -> Result<(), EditRefused> {
        check_attributes(&self.attributes)
    }

    fn perform(&mut self, edit: Edit, _: Authority<'_>) {
        if let Edit::SetAttribute(name, value) = edit {
            super::set(&mut self.attributes, name, value);
        }
    }
}

/// A refresh token that is about to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct RefreshTokenPlan {
    issued: bool,
    lifetime: u32,
    attributes: Vec<Member>,
    scopes: Vec<Box<str>>,
}

impl RefreshTokenPlan {
    /// What is remembered with the grant, its scopes, and how many seconds the refresh token will live.
    pub const fn of(attributes: Vec<Member>, scopes: Vec<Box<str>>, lifetime: u32) -> Self {
        Self { issued: true, lifetime, attributes, scopes }
    }

    /// Whether one is issued at all.
    pub const fn is_issued(&self) -> bool {
        self.issued
    }

    /// Seconds from issue to expiry.
    pub const fn lifetime(&self) -> u32 {
        self.lifetime
    }

    /// What is remembered with the grant from now on, whether or not a refresh token is issued.
    pub fn attributes(&self) -> &[Member] {
        &self.attributes
    }
}

impl Shaping for RefreshTokenPlan {
    const POINT: HookPoint = HookPoint::RefreshToken;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::refresh_token(&self.attributes, &self.scopes, self.lifetime)
    }

    fn check(&self, edit: &Edit, _: Authority<'_>) -> Result<(), EditRefused> {
        match edit {
            Edit::OmitRefreshToken => Ok(()),
            Edit::SetLifetime(0) => Err(EditRefused::Malformed("a lifetime of 0 seconds".to_owned())),
            Edit::SetLifetime(_) => Ok(()),
            Edit::SetAttribute(name, value) => check_attribute(name, value),
            other => Err(misplaced(other)),
        }
    }

    fn check_whole(&self) -> Result<(), EditRefused> {
        check_attributes(&self.attributes)
    }

    fn perform(&mut self, edit: Edit, authority: Authority<'_>) {
        match edit {
            Edit::OmitRefreshToken => self.issued = false,
            Edit::SetLifetime(seconds) => self.lifetime = seconds.min(longest(self.lifetime, authority)),
            Edit::SetAttribute(name, value) => super::set(&mut self.attributes, name, value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shaping::{ATTRIBUTES_BYTES_MAX, ATTRIBUTES_MAX};
    use super::*;
    use crate::binding::Permission;
    use crate::value::Value;

    const NONE: Authority<'_> = Authority { binding: 1, permissions: &[], lifetime_ceiling: 3_600 };

    fn attribute(name: &str, value: impl Into<Value>) -> Edit {
        Edit::SetAttribute(name.to_owned(), value.into())
    }

    fn sign_in() -> SignIn {
        SignIn::of("password".into(), vec!["password".into()], vec![Member::known("risk", "low".into())])
    }

    #[test]
    fn a_factor_counts_unless_a_plugin_asks_for_more() {
        let mut plain = sign_in();
        plain.apply(vec![attribute("risk", "high"), attribute("from", "vpn")], NONE).expect("attributes");
        let expected = vec![Member::known("risk", "high".into()), Member::known("from", "vpn".into())];
        assert_eq!(plain.outcome(), AuthenticationOutcome::Accept { attributes: expected });
        let mut asked = sign_in();
        let steps = || vec![Edit::RequireFactor("totp".to_owned()), Edit::RequireAcr("2".to_owned())];
        asked.apply(steps(), NONE).expect("steps");
        asked.apply(steps(), NONE).expect("the same again");
        let AuthenticationOutcome::StepUp { steps, attributes } = asked.outcome() else { panic!("no step up") };
        assert_eq!((steps, attributes.len()), (vec![StepUp::Factor("totp".into()), StepUp::Acr("2".into())], 1));
    }

    #[test]
    fn what_was_done_is_not_asked_for_again() {
        let mut asked = sign_in();
        asked.apply(vec![Edit::RequireFactor("password".to_owned())], NONE).expect("a step");
        assert!(matches!(asked.outcome(), AuthenticationOutcome::Accept { .. }));
    }

    #[test]
    fn steps_are_words_and_few() {
        for word in ["", "a b", "é", "a\n", &"n".repeat(257)] {
            assert!(matches!(sign_in().apply(vec![Edit::RequireAcr(word.to_owned())], NONE), Err(EditRefused::Malformed(_))), "{word:?}");
            assert!(matches!(sign_in().apply(vec![Edit::RequireFactor(word.to_owned())], NONE), Err(EditRefused::Malformed(_))));
        }
        let many = (0..=STEPS_MAX).map(|number| Edit::RequireFactor(format!("f{number}"))).collect();
        assert_eq!(sign_in().apply(many, NONE), Err(EditRefused::TooMany("steps")));
    }

    #[test]
    fn attributes_are_few_and_small() {
        let numbered = |count: usize| (0..count).map(|number| attribute(&format!("a{number}"), "x")).collect::<Vec<_>>();
        let mut signed_in = SignedIn::of(vec![], vec![]);
        signed_in.apply(numbered(ATTRIBUTES_MAX), NONE).expect("full");
        assert_eq!(signed_in.apply(vec![attribute("more", "x")], NONE), Err(EditRefused::TooMany("attributes")));
        signed_in.apply(vec![attribute("a0", "y")], NONE).expect("replaced");
        let large = "x".repeat(ATTRIBUTES_BYTES_MAX - 3);
        assert!(SignedIn::of(vec![], vec![]).apply(vec![attribute("a", large.clone())], NONE).is_ok());
        assert!(SignedIn::of(vec![], vec![]).apply(vec![attribute("ab", large)], NONE).is_err());
        for edit in [attribute("", "x"), attribute("a\nb", "x"), attribute("a", Value::Json("null".into()))] {
            assert!(matches!(SignedIn::of(vec![], vec![]).apply(vec![edit], NONE), Err(EditRefused::Malformed(_))));
        }
    }

    #[test]
    fn plg_001_a_refresh_token_lives_no_longer_than_it_may() {
        let plan = || RefreshTokenPlan::of(vec![], vec!["read".into()], 600);
        let lifetime = |seconds, permissions: &[Permission]| {
            let mut plan = plan();
            plan.apply(vec![Edit::SetLifetime(seconds)], Authority { permissions, ..NONE }).expect("applied");
            plan.lifetime()
        };
        assert_eq!((lifetime(60, &[]), lifetime(900, &[])), (60, 600));
        assert_eq!((lifetime(900, &[Permission::Lifetime(800)]), lifetime(9_000, &[Permission::Lifetime(8_000)])), (800, 3_600));
        assert!(plan().apply(vec![Edit::SetLifetime(0)], NONE).is_err());
        let mut omitted = plan();
        omitted.apply(vec![Edit::OmitRefreshToken, attribute("device", "d")], NONE).expect("applied");
        assert_eq!((omitted.is_issued(), omitted.attributes().len(), plan().is_issued()), (false, 1, true));
    }

    #[test]
    fn edits_of_other_hooks_mean_nothing_here() {
        let claim = || Edit::SetClaim("org".to_owned(), "x".into());
        assert_eq!(sign_in().apply(vec![claim()], NONE), Err(EditRefused::Misplaced("set-claim")));
        assert_eq!(
            SignedIn::of(vec![], vec![]).apply(vec![Edit::RequireAcr("2".to_owned())], NONE),
            Err(EditRefused::Misplaced("require-acr"))
        );
        assert_eq!(RefreshTokenPlan::of(vec![], vec![], 1).apply(vec![claim()], NONE), Err(EditRefused::Misplaced("set-claim")));
    }
}
