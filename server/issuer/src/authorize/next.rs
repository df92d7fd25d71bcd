//! What comes next for the person: to sign in, to choose, to be asked, or nothing more.

use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::registration::ConsentPolicy;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::Timestamp;

use super::Asked;
use crate::client::{Authentication, Client};

/// Who is signed in, and how.
#[derive(Debug, Clone)]
pub struct Person {
    /// Whose session it is.
    pub user_id: Box<str>,
    /// The subject that the client knows them by.
    pub subject: Box<str>,
    /// When they signed in.
    pub auth_time: Timestamp,
    /// The authentication context class they reached.
    pub acr: Option<Box<str>>,
}

/// An ID token that the client hands in to say whom it means; verified, perhaps expired.
#[derive(Debug, Clone)]
pub struct Hint {
    /// Its `sub`.
    pub subject: Box<str>,
}

/// What the person has agreed to before.
#[derive(Debug, Clone, Default)]
pub struct Consent {
    /// Scopes.
    pub scopes: ScopeSet,
    /// Claims asked for by name.
    pub claims: Vec<Box<str>>,
    /// `authorization_details`, as they were agreed to.
    pub details: Option<Box<str>>,
}

/// How far the person is.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// The client.
    pub client: &'a Client,
    /// The session's person.
    pub person: Option<&'a Person>,
    /// Whom the client means.
    pub hint: Option<&'a Hint>,
    /// Whether the client's `login_hint` names somebody else, as far as can be seen.
    pub hinted_other: bool,
    /// Whether the person signed in on the way of this very request.
    pub fresh: bool,
    /// Whether the person has chosen this account on the way of this request.
    pub chosen: bool,
    /// What was agreed to before.
    pub consent: Option<&'a Consent>,
    /// Whether the person has just agreed.
    pub agreed: bool,
    /// Whether the person could reach one of the classes that the client wants.
    pub can_step_up: bool,
    /// Whether the person's class is at least as good as one of those that the client wants.
    pub acr_met: bool,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The person signs in.
    SignIn,
    /// The person signs in once more.
    SignInAgain,
    /// The person proves more than before.
    StepUp,
    /// The person says which account it is.
    ChooseAccount,
    /// The person is asked.
    Consent(Missing),
    /// Nothing: the answer is made.
    Answer,
}

/// What nobody has agreed to yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// Scopes.
    pub scopes: Vec<Box<str>>,
    /// Claims by name.
    pub claims: Vec<Box<str>>,
    /// Whether there are authorization details that were not agreed to.
    pub details: bool,
}

/// Decides what comes next; refuses where it would need the person and the client forbids to ask.
pub fn next(asked: &Asked, standing: &Standing<'_>, now: Timestamp) -> Result<Step, Refusal> {
    let silent = asked.prompt.none;
    let sign_in = |step: Step| {
        if silent { Err(required(ErrorCode::LoginRequired, Reason::NotSignedIn, "the person has to sign in")) } else { Ok(step) }
    };
    let Some(person) = standing.person else { return sign_in(Step::SignIn) };
    let meant = standing.hint.map(|hint| &*hint.subject).or_else(|| asked.wants_subject());
    if meant.is_some_and(|subject| *subject != *person.subject) {
        // OpenID Connect Core §3.1.2.2, §5.5.1: never another person than the one who is meant.
        if standing.fresh {
            return Err(required(ErrorCode::LoginRequired, Reason::NotSignedIn, "another person is signed in"));
        }
        return sign_in(Step::SignIn);
    }
    // OpenID Connect Core §3.1.2.1: a hint is none of whom the client knows, so it decides nothing; the person does.
    let unsure = standing.hinted_other && !standing.chosen && !standing.fresh;
    if !standing.chosen && !standing.fresh && (asked.prompt.select_account || (unsure && !silent)) {
        return Ok(Step::ChooseAccount);
    }
    let too_old = |most: u32| now.since(person.auth_time) > i64::from(most) || most == 0;
    if !standing.fresh && (asked.prompt.login || asked.max_age.is_some_and(too_old)) {
        return sign_in(Step::SignInAgain);
    }
    if !asked.acr_values.is_empty() && !standing.acr_met {
        if standing.can_step_up && !silent {
            return Ok(Step::StepUp);
        }
        // OpenID Connect Core §5.5.1.1: a wish may stay one.
        if asked.acr_essential {
            return Err(required(
                ErrorCode::UnmetAuthenticationRequirements,
                Reason::NotSignedIn,
                "the authentication requirements cannot be met",
            ));
        }
    }
    match needs_consent(asked, standing) {
        // Security: only to who may know of the person anyway; to others it would tell what this person is called.
        None if unsure => Err(required(ErrorCode::AccountSelectionRequired, Reason::NotSignedIn, "another person is signed in")),
        None => Ok(Step::Answer),
        Some(_) if silent => Err(required(ErrorCode::ConsentRequired, Reason::NoConsent, "the person has to agree")),
        Some(missing) => Ok(Step::Consent(missing)),
    }
}

const fn required(code: ErrorCode, reason: Reason, description: &'static str) -> Refusal {
    Refusal::new(code, reason, description)
}

/// What the person has to be asked for; nothing where no question is needed.
pub fn needs_consent(asked: &Asked, standing: &Standing<'_>) -> Option<Missing> {
    let registration = &standing.client.registration;
    if standing.agreed || (registration.consent == ConsentPolicy::Implied && !asked.prompt.consent) {
        return None;
    }
    let held = standing.consent.cloned().unwrap_or_default();
    let missing = Missing {
        scopes: asked.scopes.tokens().iter().filter(|scope| !held.scopes.contains(scope)).cloned().collect(),
        claims: asked
            .claims
            .names()
            .into_iter()
            .filter(|name| !held.claims.iter().any(|known| **known == **name))
            .map(Into::into)
            .collect(),
        details: asked.details.is_some() && held.details != asked.details,
    };
    let always = registration.consent == ConsentPolicy::Always || asked.prompt.consent || is_unknown_program(standing.client, asked);
    let open = !missing.scopes.is_empty() || !missing.claims.is_empty() || missing.details || standing.consent.is_none();
    (always || open).then_some(missing)
}

/// Anybody's program can call itself this client: no one is silently granted anything (RFC 8252 §8.6).
fn is_unknown_program(client: &Client, asked: &Asked) -> bool {
    matches!(client.authentication, Authentication::Public) && !asked.to.redirect_uri.as_str().starts_with("https://")
}

#[cfg(test)]
mod tests;
