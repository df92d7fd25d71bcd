//! Signing in with another provider: out to it, and back.
//!
//! What binds the answer to this browser, flow and attempt is derived anew when the person comes back; the flow keeps the attempt's
//! name alone, and gives it away once.

use claimsmith_issuer::authorize::Step;
use claimsmith_issuer::person::{Person, Username};
use claimsmith_issuer::upstream::{taken_over, usernames};
use claimsmith_jose::{Digest, numeric_date};
use claimsmith_protocol::form::Form;
use claimsmith_store::{Fault as StoreFault, UserLink, UserRecord};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::flow::{self, Walk, see_other};
use super::{Stop, signing_in, standing};
use crate::browser;
use crate::failure::Fault;
use crate::http::{Answer, Arrival};
use crate::pages::view::{Complaint, ErrorKind};
use crate::report::Report;
use crate::rooms::Rooms;
use crate::upstream::{ID, Manner, Provider, Sent, UpstreamFailure};

/// Who registers people that are new here, in the audit.
const ACTOR: &str = "upstream";

/// A person who is at the provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attempt {
    /// Its name: nothing that comes back is made of it alone.
    name: String,
    /// When they left, seconds.
    at: i64,
    /// Whether they are to sign in anew there.
    anew: bool,
}

/// Why somebody who came back is not signed in.
enum Failure {
    /// The provider's or the person's doing.
    Upstream(UpstreamFailure),
    /// Ours.
    Stop(Stop),
}

impl From<UpstreamFailure> for Failure {
    fn from(failure: UpstreamFailure) -> Self {
        Self::Upstream(failure)
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<StoreFault> for Failure {
    fn from(fault: StoreFault) -> Self {
        Self::Stop(Fault::from(fault).into())
    }
}

fn sent(walk: &Walk<'_>, flow: &str, attempt: &Attempt) -> Sent {
    let value = |used_as| walk.rooms.shared.upstream_value(used_as, &walk.browser.name, flow, &attempt.name);
    Sent { state: format!("{flow}.{}", value("state")), nonce: value("nonce"), verifier: value("verifier") }
}

/// Sends the person to the provider.
pub(super) async fn leave(walk: &mut Walk<'_>, id: &str) -> Result<Answer, Stop> {
    let rooms = walk.rooms;
    let provider = rooms.upstream.as_ref().filter(|_| id == ID).ok_or(Stop::Shown(ErrorKind::BadRequest))?;
    let anew = walk.asked.prompt.login || matches!(standing::next(walk).await?, Step::SignInAgain);
    let attempt = Attempt { name: browser::fresh_secret(), at: walk.now.timestamp().seconds(), anew };
    walk.progress.upstream = Some(attempt.clone());
    let flow = walk.keep().await?;
    let manner = Manner {
        prompt: if anew { Some("login") } else { walk.progress.another.then_some("select_account") },
        max_age: walk.asked.max_age,
        login_hint: walk.asked.login_hint.as_deref(),
    };
    match provider.request(&sent(walk, &flow, &attempt), &manner).await {
        Ok(location) => Ok(see_other(&location)),
        Err(failure) => refused(walk, provider, &failure).await,
    }
}

/// A person who comes back from the provider: `GET`.
pub async fn come_back(rooms: &Rooms, arrival: &Arrival, report: &mut Report) -> Result<Answer, Stop> {
    let query = arrival.query().unwrap_or_default();
    let form = Form::parse(query.as_bytes(), &[]).map_err(|_| Stop::Shown(ErrorKind::BadRequest))?;
    let state = form.one("state").unwrap_or_default();
    let flow = state.split_once('.').map(|(flow, _)| flow).ok_or(Stop::Shown(ErrorKind::Expired))?;
    let mut walk = flow::resume(rooms, arrival, &format!("flow={flow}"), report).await?;
    let result = returned(&mut walk, &form, flow, report).await;
    walk.told(result)
}

async fn returned(walk: &mut Walk<'_>, form: &Form<'_>, flow: &str, report: &mut Report) -> Result<Answer, Stop> {
    let rooms = walk.rooms;
    let provider = rooms.upstream.as_ref().ok_or(Stop::Shown(ErrorKind::Expired))?;
    let attempt = walk.progress.upstream.clone().ok_or(Stop::Shown(ErrorKind::Expired))?;
    let sent = sent(walk, flow, &attempt);
    // Security: digests of both, so that the comparison takes the same time for all (RFC 9700 §4.7).
    if Digest::of(form.one("state").unwrap_or_default().as_bytes()) != Digest::of(sent.state.as_bytes()) {
        return Err(Stop::Shown(ErrorKind::Forged));
    }
    // Security: an answer is good once, whatever comes of it.
    walk.progress.upstream = None;
    walk.keep().await?;
    match signed_in_there(walk, provider, form, (&sent, &attempt)).await {
        Ok((user, at)) => {
            walk.progress.vouched_at = at;
            signing_in::vouched(walk, user, report).await
        }
        Err(Failure::Upstream(failure)) => refused(walk, provider, &failure).await,
        Err(Failure::Stop(stop)) => Err(stop),
    }
}

/// Who it is, and since when the provider knows.
async fn signed_in_there(
    walk: &Walk<'_>,
    provider: &Provider,
    form: &Form<'_>,
    (sent, attempt): (&Sent, &Attempt),
) -> Result<(UserRecord, Option<i64>), Failure> {
    provider.check_issuer(form.one("iss")).await?;
    if form.one("error").is_some() {
        return Err(UpstreamFailure::Answer("an error").into());
    }
    let code = form.one("code").ok_or(UpstreamFailure::Answer("neither code nor error"))?;
    let now = walk.now.timestamp();
    let not_before = attempt.anew.then_some(attempt.at);
    let answered = provider.redeem(code, sent, &walk.rooms.client_keys, (not_before, now)).await?;
    let at = numeric_date(&answered.vouched.claims, "auth_time").ok().flatten().map(|at| at.min(now.seconds()));
    let link = UserLink { issuer: provider.settings().issuer.clone(), subject: answered.vouched.subject.clone() };
    if let Some(user) = walk.rooms.store.linked_user(link.clone()).await? {
        let user = Some(user).filter(|user| user.person.enabled).ok_or(UpstreamFailure::Unknown)?;
        return Ok((user, at));
    }
    if !provider.settings().creates_people {
        return Err(UpstreamFailure::Unknown.into());
    }
    let said = provider.told(answered).await?;
    Ok((create(walk.rooms, link, &taken_over(&said)).await?, at))
}

/// Registers somebody who is new here, under the best name that nobody has.
///
/// Security: a name that somebody has is theirs. Nobody becomes them by having the same name or address elsewhere.
async fn create(rooms: &Rooms, link: UserLink, taken: &serde_json::Map<String, Value>) -> Result<UserRecord, Failure> {
    let id = crate::people::fresh_id();
    let ending = Digest::of(id.as_bytes()).to_hex()[..12].to_owned();
    let mut names: Vec<String> = usernames(taken).map(str::to_owned).collect();
    names.push(format!("{}-{ending}", names.first().map_or("user", String::as_str)));
    names.push(format!("user-{ending}"));
    for name in names.iter().filter_map(|name| Username::parse(name).ok()) {
        if rooms.store.find_user(&name).await?.is_some() {
            continue;
        }
        let mut person = Person::new(id.clone(), name);
        person.claims = Value::Object(taken.clone()).to_string().into();
        match rooms.store.create_linked_user(ACTOR, person, link.clone()).await {
            Ok(_) => tracing::info!(user = &*id, issuer = &*link.issuer, "somebody new came from the other provider"),
            // Somebody was faster: with the name, or the same person in another window.
            Err(StoreFault::Exists { .. }) => {}
            Err(fault) => return Err(fault.into()),
        }
        if let Some(user) = rooms.store.linked_user(link.clone()).await? {
            return Ok(user);
        }
    }
    Err(UpstreamFailure::Unknown.into())
}

/// The sign-in page again, which says that it did not work; why is for the log.
async fn refused(walk: &mut Walk<'_>, provider: &Provider, failure: &UpstreamFailure) -> Result<Answer, Stop> {
    let (issuer, address) = (&*provider.settings().issuer, walk.arrival.peer.addr);
    tracing::warn!(issuer, %address, %failure, "the other provider vouched for nobody");
    signing_in::vouched_for_nobody(walk);
    let complaint = Complaint::UpstreamFailed { provider: provider.settings().name.to_string() };
    signing_in::again_with(walk, vec![complaint]).await
}
