//! The password: changed by who knows the present one, or set for the first time.

use claimsmith_jose::{Digest, Secret};
use claimsmith_protocol::form::Form;

use super::{Visitor, complaint};
use crate::authorize::Stop;
use crate::http::Answer;
use crate::pages::view::{Complaint, ErrorKind, Notice, PasswordChange, View};
use crate::people::{self, EnrolFailure, PasswordRefusal};

/// The page, with what was wrong with the last attempt.
pub(super) fn page(visitor: &Visitor<'_>, notice: Option<Notice>, complaints: Vec<Complaint>) -> View {
    PasswordChange {
        form: visitor.form(),
        account: visitor.account(),
        notice,
        complaints,
        has_password: visitor.user.password.is_some(),
        least: count(*visitor.rooms.people.password_lengths().start()),
    }
    .into()
}

fn count(characters: usize) -> u32 {
    u32::try_from(characters).unwrap_or(u32::MAX)
}

/// What was posted.
pub(super) async fn act(visitor: &Visitor<'_>, action: &str, form: &Form<'_>) -> Result<Answer, Stop> {
    if action != "change" {
        return Err(Stop::Shown(ErrorKind::BadRequest));
    }
    match change(visitor, form).await? {
        None => Ok(visitor.done(Notice::PasswordChanged)),
        Some(complaint) => Ok(visitor.render(&page(visitor, None, vec![complaint]))),
    }
}

/// Security: digests are compared, in constant time, as secrets are everywhere.
fn is_same(one: &Secret<String>, other: &Secret<String>) -> bool {
    let [one, other] = [one, other].map(|typed| Digest::of(typed.expose().as_bytes()));
    one == other
}

/// Changes it; what was wrong otherwise.
async fn change(visitor: &Visitor<'_>, form: &Form<'_>) -> Result<Option<Complaint>, Stop> {
    let typed = |name| form.one(name).map(|text| Secret::new(text.to_owned()));
    let Some(new) = typed("new_password") else { return Ok(Some(Complaint::Missing("new-password"))) };
    let Some(again) = typed("repeat_password") else { return Ok(Some(Complaint::Missing("repeat-password"))) };
    if !is_same(&new, &again) {
        return Ok(Some(Complaint::PasswordsDiffer));
    }
    let people = &visitor.rooms.people;
    let session = Some(&*visitor.session.id);
    let result = if visitor.user.password.is_some() {
        let Some(present) = typed("password") else { return Ok(Some(Complaint::Missing("password"))) };
        if is_same(&present, &new) {
            return Ok(Some(Complaint::PasswordUnchanged));
        }
        let change = people::PasswordChange { present: &present, new: &new, session };
        people.change_password(visitor.id(), change, visitor.origin(), visitor.now.timestamp()).await
    } else {
        people.set_first_password(visitor.id(), &new, session).await
    };
    match result {
        Ok(()) => Ok(None),
        Err(EnrolFailure::Password(PasswordRefusal::Length(lengths))) => Ok(Some(if new.expose().chars().count() < *lengths.start() {
            Complaint::PasswordTooShort { least: count(*lengths.start()) }
        } else {
            Complaint::PasswordTooLong { most: count(*lengths.end()) }
        })),
        Err(EnrolFailure::Password(PasswordRefusal::Guessable)) => Ok(Some(Complaint::PasswordTooCommon)),
        Err(EnrolFailure::SignIn(failure)) => complaint(failure, Complaint::WrongPassword).map(Some),
    }
}
