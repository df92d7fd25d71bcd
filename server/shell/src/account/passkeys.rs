//! Passkeys: added, given another name, and removed.

use claimsmith_jose::base64url;
use claimsmith_protocol::form::Form;
use claimsmith_store::PasskeyRecord;

use super::{Visitor, ceremony, complaint, unless_gone};
use crate::authorize::Stop;
use crate::http::Answer;
use crate::pages::view::{Complaint, ErrorKind, Notice, PasskeyAsk, PasskeyLine, Passkeys, View};
use crate::people::{EnrolFailure, SignInFailure};

/// The page, with what was wrong with the last attempt.
pub(super) async fn page(visitor: &Visitor<'_>, notice: Option<Notice>, complaints: Vec<Complaint>) -> Result<View, Stop> {
    let held = visitor.rooms.store.list_passkeys(visitor.id()).await?;
    let mut form = visitor.form();
    let add = challenge(visitor, &mut form.flow).await?;
    let passkeys = held.iter().map(line).collect();
    Ok(Passkeys { form, account: visitor.account(), notice, complaints, passkeys, add }.into())
}

/// The challenge for one more, where there can be one.
async fn challenge(visitor: &Visitor<'_>, flow: &mut Option<String>) -> Result<Option<PasskeyAsk>, Stop> {
    match visitor.rooms.people.start_passkey_enrolment(&visitor.user.person, visitor.now.timestamp()).await {
        Ok(challenge) => {
            *flow = Some(ceremony::keep(visitor, challenge.state).await?);
            Ok(Some(PasskeyAsk { options: challenge.options }))
        }
        Err(EnrolFailure::SignIn(SignInFailure::Failed(fault))) => Err(Stop::Failed(fault)),
        // There are none for this host, or enough.
        Err(_) => Ok(None),
    }
}

fn line(passkey: &PasskeyRecord) -> PasskeyLine {
    PasskeyLine {
        id: base64url::encode(&passkey.credential_id),
        name: passkey.name.to_string(),
        added_at: passkey.created_at.seconds(),
        used_at: passkey.last_used_at.map(claimsmith_protocol::time::Timestamp::seconds),
    }
}

/// What was posted.
pub(super) async fn act(visitor: &Visitor<'_>, action: &str, form: &Form<'_>) -> Result<Answer, Stop> {
    let named = || form.one("passkey").and_then(|id| base64url::decode(id).ok()).ok_or(Stop::Shown(ErrorKind::BadRequest));
    let name = form.one("name").unwrap_or_default();
    match action {
        "add" => add(visitor, form, name).await,
        "rename" => {
            let renamed = visitor.rooms.people.rename_passkey(visitor.id(), &named()?, name).await;
            Ok(if unless_gone(renamed)?.is_some() { visitor.done(Notice::PasskeyRenamed) } else { visitor.anew("") })
        }
        "remove" => remove(visitor, &named()?).await,
        _ => Err(Stop::Shown(ErrorKind::BadRequest)),
    }
}

async fn again(visitor: &Visitor<'_>, complaint: Complaint) -> Result<Answer, Stop> {
    Ok(visitor.render(&page(visitor, None, vec![complaint]).await?))
}

async fn add(visitor: &Visitor<'_>, form: &Form<'_>, name: &str) -> Result<Answer, Stop> {
    // Security: a ceremony is good once, whatever comes of it.
    let Some((flow, state)) = ceremony::read(visitor, form.one("flow")).await? else {
        return again(visitor, Complaint::FormExpired).await;
    };
    if !ceremony::spend(visitor, &flow).await? {
        return again(visitor, Complaint::FormExpired).await;
    }
    let Some(answer) = form.one("credential") else { return again(visitor, Complaint::PasskeyCancelled).await };
    let now = visitor.now.timestamp();
    match visitor.rooms.people.finish_passkey_enrolment(visitor.id(), &state, answer, name, now).await {
        Ok(()) => Ok(visitor.done(Notice::PasskeyAdded)),
        Err(EnrolFailure::SignIn(failure)) => again(visitor, complaint(failure, Complaint::PasskeyRefused)?).await,
        Err(EnrolFailure::Password(_)) => Err(Stop::Shown(ErrorKind::BadRequest)),
    }
}

async fn remove(visitor: &Visitor<'_>, credential_id: &[u8]) -> Result<Answer, Stop> {
    // Who signs in with nothing else would be locked out.
    if visitor.user.password.is_none() && visitor.user.enrolled.passkeys <= 1 {
        return again(visitor, Complaint::LastWayIn).await;
    }
    let removed = visitor.rooms.store.delete_passkey(visitor.id(), visitor.id(), credential_id).await;
    Ok(if unless_gone(removed)?.is_some() { visitor.done(Notice::PasskeyRemoved) } else { visitor.anew("") })
}
