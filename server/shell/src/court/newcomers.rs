//! People whom a request itself brings: made sure of before the court decides.

use claimsmith_issuer::assurance::{self, Method};
use claimsmith_issuer::client::Client;
use claimsmith_issuer::grants::{Newcomer, password};
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::UserRecord;
use rand::Rng;

use super::Docket;
use crate::failure::Failure;
use crate::people::{Origin, SignInFailure};
use crate::rooms::Rooms;

/// By their password.
pub(super) async fn by_password(rooms: &Rooms, docket: Docket<'_>, request: &password::Request) -> Result<(Newcomer, UserRecord), Failure> {
    let client = docket.caller.client.client();
    password::admit(client)?;
    let (now, origin) = (docket.now.timestamp(), Origin { address: docket.arrival.peer.addr, device: None });
    let verified = match rooms.people.sign_in_with_password(&request.username, &request.password, origin, now).await {
        Ok(verified) => verified,
        Err(SignInFailure::Failed(fault)) => return Err(fault.into()),
        // Security: who waits because of too many attempts is not told so, or it would say that somebody tried.
        Err(SignInFailure::Refused(_)) => return Err(refused(rooms)),
    };
    // A password alone does for nobody who has more to show, and for no client that wants more.
    let level = assurance::level(&verified.methods);
    let wanted = rooms.settings.acr_names.wanted(client.registration.default_acr_values.iter().map(AsRef::as_ref));
    if verified.user.enrolled.has_second_factor() || !wanted.is_met_by(level) {
        return Err(refused(rooms));
    }
    rooms.metrics.signed_in_with(Method::Password.as_str(), "ok");
    let newcomer = newcomer(rooms, client, &verified.user, &verified.methods, now);
    Ok((newcomer, verified.user))
}

fn refused(rooms: &Rooms) -> Failure {
    rooms.metrics.signed_in_with(Method::Password.as_str(), "wrong");
    password::wrong().into()
}

/// Somebody with what they showed just now.
fn newcomer(rooms: &Rooms, client: &Client, user: &UserRecord, methods: &[Method], now: Timestamp) -> Newcomer {
    let mut id = [0; 16];
    rand::rng().fill_bytes(&mut id);
    Newcomer {
        grant: GrantId::from_bytes(id),
        user_id: user.person.id.clone(),
        subject: rooms.shared.subjects.subject(client, &user.person.id),
        auth_time: now.seconds(),
        acr: assurance::level(methods).map(|level| rooms.settings.acr_names.acr(level).into()),
        amr: assurance::amr(methods).into_iter().map(Into::into).collect(),
    }
}
