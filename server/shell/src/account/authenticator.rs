//! The authenticator app: set up once a code of it has come, and removed.

use claimsmith_protocol::form::Form;
use claimsmith_store::Flow;

use super::{Visitor, ceremony, complaint, unless_gone};
use crate::authorize::Stop;
use crate::http::Answer;
use crate::pages::view::{Authenticator, Complaint, Enrolment, ErrorKind, Notice, View};
use crate::people::EnrolFailure;

/// The page: of the app there is, of the one being set up, or of none.
pub(super) async fn page(visitor: &Visitor<'_>, notice: Option<Notice>, query: &Form<'_>) -> Result<View, Stop> {
    if let Some(held) = visitor.rooms.store.load_totp(visitor.id()).await? {
        return Ok(view(visitor, notice, Vec::new(), Enrolment::Done { added_at: held.created_at.seconds() }));
    }
    match begun(visitor, query).await? {
        Some((_, state)) => begun_page(visitor, query, &state, Vec::new()),
        None => Ok(view(visitor, notice, Vec::new(), Enrolment::None)),
    }
}

fn view(visitor: &Visitor<'_>, notice: Option<Notice>, complaints: Vec<Complaint>, enrolment: Enrolment) -> View {
    Authenticator { form: visitor.form(), account: visitor.account(), notice, complaints, enrolment }.into()
}

async fn begun(visitor: &Visitor<'_>, named: &Form<'_>) -> Result<Option<(Flow, String)>, Stop> {
    ceremony::read(visitor, named.one("flow")).await
}

/// The page with the secret, the same for every attempt at its code.
fn begun_page(visitor: &Visitor<'_>, named: &Form<'_>, state: &str, complaints: Vec<Complaint>) -> Result<View, Stop> {
    let enrolment = visitor.rooms.people.resume_totp_enrolment(&visitor.user.person, state);
    let enrolment = enrolment.map_err(|_| Stop::Shown(ErrorKind::Expired))?;
    let mut form = visitor.form();
    form.flow = named.one("flow").map(str::to_owned);
    let enrolment = Enrolment::Begun { uri: enrolment.uri.expose().clone(), secret: in_groups(enrolment.secret.expose()) };
    Ok(Authenticator { form, account: visitor.account(), notice: None, complaints, enrolment }.into())
}

/// Letters in groups of four, to be typed.
fn in_groups(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// What was posted.
pub(super) async fn act(visitor: &Visitor<'_>, action: &str, form: &Form<'_>) -> Result<Answer, Stop> {
    match action {
        "begin" if visitor.user.enrolled.totp => Ok(visitor.anew("")),
        "begin" => {
            let begun = visitor.rooms.people.start_totp_enrolment(&visitor.user.person)?;
            let id = ceremony::keep(visitor, begun.state).await?;
            Ok(visitor.anew(&format!("?flow={id}")))
        }
        "enrol" => enrol(visitor, form).await,
        "cancel" => {
            if let Some((flow, _)) = begun(visitor, form).await? {
                ceremony::spend(visitor, &flow).await?;
            }
            Ok(visitor.anew(""))
        }
        "remove" => {
            let removed = visitor.rooms.store.delete_totp(visitor.id(), visitor.id()).await;
            Ok(if unless_gone(removed)?.is_some() { visitor.done(Notice::AuthenticatorRemoved) } else { visitor.anew("") })
        }
        _ => Err(Stop::Shown(ErrorKind::BadRequest)),
    }
}

/// A code of the new app. A wrong one may be typed again: the secret is the person's own.
async fn enrol(visitor: &Visitor<'_>, form: &Form<'_>) -> Result<Answer, Stop> {
    // Security: an app that is set up is removed first, so that nobody's second factor is replaced unseen.
    let found = if visitor.user.enrolled.totp { None } else { begun(visitor, form).await? };
    let Some((flow, state)) = found else { return Ok(visitor.anew("")) };
    let again = |complaint| begun_page(visitor, form, &state, vec![complaint]).map(|view| visitor.render(&view));
    let Some(code) = form.one("code") else { return again(Complaint::Missing("code")) };
    match visitor.rooms.people.finish_totp_enrolment(visitor.id(), &state, code, visitor.now.timestamp()).await {
        Ok(()) => {
            ceremony::spend(visitor, &flow).await?;
            Ok(visitor.done(Notice::AuthenticatorAdded))
        }
        Err(EnrolFailure::SignIn(failure)) => again(complaint(failure, Complaint::WrongCode)?),
        Err(EnrolFailure::Password(_)) => Err(Stop::Shown(ErrorKind::BadRequest)),
    }
}
