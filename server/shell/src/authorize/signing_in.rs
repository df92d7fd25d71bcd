//! The pages on which a person signs in, and what they post there.

use claimsmith_issuer::assurance::{self, Method};
use claimsmith_issuer::authorize::Step;
use claimsmith_issuer::claims::{AuthenticationOutcome, SignIn as FactorSignIn, SignedIn};
use claimsmith_issuer::hook::{Background, GrantFacts, HookPoint, Person as HookPerson};
use claimsmith_jose::{Digest, Secret, base64url};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::{Session, UserRecord};

use super::flow::{self, Walk, pending};
use super::{Stop, answering, cards, consenting, standing};
use crate::browser;
use crate::companions::{known_of, members_of, object_of};
use crate::hook_room::{Asked, Occasion, Room};
use crate::http::{Answer, Arrival};
use crate::pages::view::{
    AccountLine, ChooseAccount, Complaint, ErrorKind, PasskeyAsk, PasskeySignIn, Reason, Reauthenticate, RecoveryCode, SecondFactor,
    SignIn, Upstream, View,
};
use crate::people::{Origin, Refused, SignInFailure};
use crate::report::Report;
use crate::upstream::{ID as UPSTREAM, Provider};

/// The path of the pages.
const PATH: &str = "/signin";

/// The page of a step, with what was wrong with the last attempt.
pub(super) async fn page(walk: &mut Walk<'_>, step: &Step, complaints: Vec<Complaint>) -> Result<Answer, Stop> {
    let view = match pending_user(walk).await? {
        Some(user) => second_factor(walk, &user, complaints).await?,
        None => match (step, walk.user.clone()) {
            (Step::ChooseAccount, Some(user)) => choose(walk, &user),
            (Step::SignInAgain, Some(user)) if proves_here(walk, &user) => again(walk, &user, complaints).await?,
            (Step::StepUp, Some(user)) if !user.enrolled.has_second_factor() => again(walk, &user, complaints).await?,
            (Step::StepUp, Some(user)) => second_factor(walk, &user, complaints).await?,
            _ => first(walk, complaints).await?,
        },
    };
    let look = walk.look();
    Ok(walk.rooms.pages.load().render(&look, &view))
}

async fn pending_user(walk: &Walk<'_>) -> Result<Option<UserRecord>, Stop> {
    match pending(&walk.progress) {
        None => Ok(None),
        Some(id) => Ok(walk.rooms.people.enabled(&id).await?),
    }
}

async fn first(walk: &mut Walk<'_>, complaints: Vec<Complaint>) -> Result<View, Stop> {
    let passkey = if walk.rooms.people.has_passkeys() {
        let challenge = walk.rooms.people.start_passkey_sign_in(walk.now.timestamp()).map_err(sign_in_fault)?;
        walk.progress.ceremony = Some(challenge.state);
        walk.keep().await?;
        Some(PasskeyAsk { options: challenge.options })
    } else {
        None
    };
    Ok(SignIn {
        form: walk.form(PATH),
        client: walk.card(),
        identifier: typed_name(walk.arrival).or_else(|| walk.asked.login_hint.as_deref().map(str::to_owned)),
        password: true,
        passkey,
        upstreams: upstreams(walk),
        complaints,
    }
    .into())
}

/// The other providers.
fn upstreams(walk: &Walk<'_>) -> Vec<Upstream> {
    let named = |provider: &Provider| Upstream { id: UPSTREAM.to_owned(), name: provider.settings().name.to_string() };
    walk.rooms.upstream.iter().map(named).collect()
}

/// Whether the person has something here to show that it is still them; who has not shows it to the other provider.
fn proves_here(walk: &Walk<'_>, user: &UserRecord) -> bool {
    user.password.is_some() || user.enrolled.passkeys > 0 || walk.rooms.upstream.is_none()
}

/// The name that was typed on a form that is shown again.
fn typed_name(arrival: &Arrival) -> Option<String> {
    let form = std::str::from_utf8(&arrival.body).ok().filter(|_| arrival.method == http::Method::POST)?;
    let form = Form::parse(form.as_bytes(), flow::REPEATABLE).ok()?;
    form.one("identifier").map(str::to_owned)
}

fn choose(walk: &Walk<'_>, user: &UserRecord) -> View {
    let line = AccountLine { id: "current".to_owned(), account: cards::account(&user.person) };
    ChooseAccount { form: walk.form(PATH), client: walk.card(), accounts: vec![line] }.into()
}

async fn again(walk: &mut Walk<'_>, user: &UserRecord, complaints: Vec<Complaint>) -> Result<View, Stop> {
    let passkey = ask_passkey(walk, user).await?;
    Ok(Reauthenticate {
        form: walk.form(PATH),
        client: walk.card(),
        account: cards::account(&user.person),
        reason: match &walk.errand {
            Some(_) => Reason::Sensitive,
            None if walk.asked.prompt.login => Reason::Asked,
            None => Reason::TooLongAgo,
        },
        password: user.password.is_some(),
        passkey,
        may_switch: walk.errand.is_none(),
        complaints,
    }
    .into())
}

/// A challenge for one of the person's passkeys, where they have any.
async fn ask_passkey(walk: &mut Walk<'_>, user: &UserRecord) -> Result<Option<PasskeyAsk>, Stop> {
    if user.enrolled.passkeys == 0 || !walk.rooms.people.has_passkeys() {
        return Ok(None);
    }
    let challenge = walk.rooms.people.start_passkey_proof(&user.person.id, walk.now.timestamp()).await.map_err(sign_in_fault)?;
    walk.progress.ceremony = Some(challenge.state);
    walk.keep().await?;
    Ok(Some(PasskeyAsk { options: challenge.options }))
}

/// Something more of a person who is known: a code of their app, a recovery code, or a passkey.
async fn second_factor(walk: &mut Walk<'_>, user: &UserRecord, complaints: Vec<Complaint>) -> Result<View, Stop> {
    let shown = shown(walk);
    let account = cards::account(&user.person);
    let client = walk.card();
    let needs_passkey = standing::sign_in_step(walk, user.enrolled, &shown) == assurance::Step::Passkey;
    if needs_passkey || !user.enrolled.totp {
        let passkey = ask_passkey(walk, user).await?.ok_or(Stop::Shown(ErrorKind::Expired))?;
        return Ok(PasskeySignIn { form: walk.form(PATH), client, account: Some(account), passkey, complaints }.into());
    }
    if walk.progress.by_recovery_code {
        return Ok(RecoveryCode { form: walk.form(PATH), client, account, complaints }.into());
    }
    let recovery = user.enrolled.recovery_codes > 0;
    Ok(SecondFactor { form: walk.form(PATH), client, account, recovery, complaints }.into())
}

/// What counts of what was shown: on this way, and for a step up in the session before.
fn shown(walk: &Walk<'_>) -> Vec<Method> {
    let mut shown = walk.progress.shown();
    if walk.progress.pending.is_none()
        && let Some(session) = walk.browser.session.as_ref().filter(|_| !walk.progress.another)
    {
        shown.extend(session.methods.iter().filter(|method| !walk.progress.methods.iter().any(|held| held == method.as_str())));
    }
    shown
}

fn sign_in_fault(failure: SignInFailure) -> Stop {
    match failure {
        SignInFailure::Failed(fault) => Stop::Failed(fault),
        SignInFailure::Refused(_) => Stop::Shown(ErrorKind::Expired),
    }
}

/// Does what a form asks for.
pub(super) async fn act(walk: &mut Walk<'_>, action: &str, form: &Form<'_>, report: &mut Report) -> Result<Answer, Stop> {
    match action {
        "password" => password(walk, form, report).await,
        "passkey" => passkey(walk, form, report).await,
        "code" | "recovery_code" => code(walk, action == "recovery_code", form, report).await,
        "recovery" | "back" => {
            walk.progress.by_recovery_code = action == "recovery";
            again_with(walk, Vec::new()).await
        }
        "another" => {
            walk.progress = super::Progress { another: true, ..super::Progress::default() };
            again_with(walk, Vec::new()).await
        }
        chosen if let Some(id) = chosen.strip_prefix("upstream:") => super::upstream::leave(walk, id).await,
        chosen if chosen.starts_with("account:") => {
            walk.progress.chosen = true;
            super::proceed(walk, report).await
        }
        _ => Err(Stop::Shown(ErrorKind::BadRequest)),
    }
}

/// The page anew, after a redirect, or at once where there is something to say.
pub(super) async fn again_with(walk: &mut Walk<'_>, complaints: Vec<Complaint>) -> Result<Answer, Stop> {
    let step = standing::next(walk).await?;
    if complaints.is_empty() { walk.to_page(&step).await } else { page(walk, &step, complaints).await }
}

/// What the person is told of a failure that is theirs.
pub fn complaint(failure: SignInFailure, wrong: Complaint) -> Result<Complaint, Stop> {
    match failure {
        SignInFailure::Failed(fault) => Err(Stop::Failed(fault)),
        SignInFailure::Refused(Refused::Wrong) => Ok(wrong),
        SignInFailure::Refused(Refused::TooMany { retry_after }) => Ok(Complaint::too_many(retry_after)),
    }
}

/// Another provider vouched for the person.
pub(super) async fn vouched(walk: &mut Walk<'_>, user: UserRecord, report: &mut Report) -> Result<Answer, Stop> {
    count(walk, Method::Upstream, None);
    factor_shown(walk, user, Method::Upstream, report).await
}

/// Counts that another provider vouched for nobody.
pub(super) fn vouched_for_nobody(walk: &Walk<'_>) {
    walk.rooms.metrics.signed_in_with(Method::Upstream.as_str(), "wrong");
}

/// Counts what somebody showed. What a plugin refuses afterwards is counted there once more.
fn count(walk: &Walk<'_>, method: Method, failure: Option<&SignInFailure>) {
    let outcome = match failure {
        None => "ok",
        Some(SignInFailure::Refused(Refused::Wrong)) => "wrong",
        Some(SignInFailure::Refused(Refused::TooMany { .. })) => "throttled",
        Some(SignInFailure::Failed(_)) => "failed",
    };
    walk.rooms.metrics.signed_in_with(method.as_str(), outcome);
}

async fn password(walk: &mut Walk<'_>, form: &Form<'_>, report: &mut Report) -> Result<Answer, Stop> {
    let known = walk.user.as_ref().filter(|_| !walk.progress.another).map(|user| user.person.username.as_str().to_owned());
    let typed = form.one("identifier").map(str::to_owned);
    let Some(username) = typed.or_else(|| known.clone()) else { return again_with(walk, vec![Complaint::Missing("identifier")]).await };
    let Some(password) = form.one("password").map(|text| Secret::new(text.to_owned())) else {
        return again_with(walk, vec![Complaint::Missing("password")]).await;
    };
    let device = walk.browser.device.clone();
    let origin = Origin { address: walk.arrival.peer.addr, device: device.as_deref() };
    let result = walk.rooms.people.sign_in_with_password(&username, &password, origin, walk.now.timestamp()).await;
    count(walk, Method::Password, result.as_ref().err());
    match result {
        Ok(verified) => factor_shown(walk, verified.user, Method::Password, report).await,
        Err(failure) => {
            let is_known = known.as_deref() == Some(username.as_str());
            let wrong = if is_known { Complaint::WrongPassword } else { Complaint::WrongCredentials };
            let complaint = complaint(failure, wrong)?;
            again_with(walk, vec![complaint]).await
        }
    }
}

async fn passkey(walk: &mut Walk<'_>, form: &Form<'_>, report: &mut Report) -> Result<Answer, Stop> {
    // Security: a ceremony is good once, whatever comes of it.
    let Some(state) = walk.progress.ceremony.take() else { return again_with(walk, vec![Complaint::FormExpired]).await };
    walk.keep().await?;
    let Some(answer) = form.one("credential") else { return again_with(walk, vec![Complaint::PasskeyCancelled]).await };
    let now = walk.now.timestamp();
    let user = match pending_user(walk).await? {
        Some(user) => Some(user),
        None => walk.user.clone().filter(|_| !walk.progress.another),
    };
    let device = walk.browser.device.clone();
    let origin = Origin { address: walk.arrival.peer.addr, device: device.as_deref() };
    let result = match user {
        Some(user) => {
            let proved = walk.rooms.people.finish_passkey_proof(&user.person.id, &state, answer, now).await;
            match proved {
                Ok(_) => Ok(user),
                // The session's person may have signed in as somebody else: then it was a sign-in, not a proof.
                Err(SignInFailure::Refused(_)) => {
                    walk.rooms.people.finish_passkey_sign_in(&state, answer, origin, now).await.map(|verified| verified.user)
                }
                Err(failure) => Err(failure),
            }
        }
        None => walk.rooms.people.finish_passkey_sign_in(&state, answer, origin, now).await.map(|verified| verified.user),
    };
    count(walk, Method::Passkey, result.as_ref().err());
    match result {
        Ok(user) => factor_shown(walk, user, Method::Passkey, report).await,
        Err(failure) => {
            let complaint = complaint(failure, Complaint::PasskeyRefused)?;
            again_with(walk, vec![complaint]).await
        }
    }
}

async fn code(walk: &mut Walk<'_>, recovery: bool, form: &Form<'_>, report: &mut Report) -> Result<Answer, Stop> {
    let user = match pending_user(walk).await? {
        Some(user) => user,
        None => walk.user.clone().ok_or(Stop::Shown(ErrorKind::Expired))?,
    };
    let Some(code) = form.one("code") else { return again_with(walk, vec![Complaint::Missing("code")]).await };
    let device = walk.browser.device.clone();
    let origin = Origin { address: walk.arrival.peer.addr, device: device.as_deref() };
    let now = walk.now.timestamp();
    let (result, wrong) = if recovery {
        (walk.rooms.people.verify_recovery_code(&user.person.id, code, origin, now).await, Complaint::WrongRecoveryCode)
    } else {
        (walk.rooms.people.verify_totp(&user.person.id, code, origin, now).await, Complaint::WrongCode)
    };
    count(walk, if recovery { Method::RecoveryCode } else { Method::Totp }, result.as_ref().err());
    match result {
        Ok(method) => factor_shown(walk, user, method, report).await,
        Err(failure) => {
            let complaint = complaint(failure, wrong)?;
            again_with(walk, vec![complaint]).await
        }
    }
}

/// A factor was right: plugins judge it, and then it is enough or something more is asked for.
async fn factor_shown(walk: &mut Walk<'_>, user: UserRecord, method: Method, report: &mut Report) -> Result<Answer, Stop> {
    // What the session knows counts where nothing but more is wanted of it; who signs in again begins anew.
    let steps_up = matches!(standing::next(walk).await, Ok(Step::StepUp));
    let in_session = walk.browser.session.as_ref().filter(|session| session.user_id == user.person.id);
    let held: Vec<Method> = in_session.filter(|_| steps_up).map(|session| session.methods.clone()).unwrap_or_default();
    walk.progress.another &= in_session.is_none();
    // Security: what one person has shown does not count for another.
    if pending(&walk.progress).is_some_and(|held| held != user.person.id) {
        walk.progress.methods.clear();
    }
    if !walk.progress.methods.iter().any(|held| held == method.as_str()) {
        walk.progress.methods.push(method.as_str().to_owned());
    }
    walk.progress.pending = Some(user.person.id.as_str().to_owned());
    if let Err(stop) = judge(walk, &user, method, report).await {
        if matches!(stop, Stop::Refused(_)) {
            walk.rooms.metrics.signed_in_with(method.as_str(), "refused");
        }
        return Err(stop);
    }
    let mut shown = walk.progress.shown();
    shown.extend(held.iter().copied().filter(|method| !walk.progress.methods.iter().any(|own| own == method.as_str())));
    match standing::sign_in_step(walk, user.enrolled, &shown) {
        assurance::Step::SecondFactor | assurance::Step::Passkey => {
            let id = walk.keep().await?;
            Ok(super::flow::see_other(&format!("{}?flow={id}", walk.rooms.urls.url(PATH))))
        }
        assurance::Step::Enough | assurance::Step::OutOfReach => signed_in(walk, user, shown, report).await,
    }
}

/// What plugins may know of who is signing in.
fn background(walk: &Walk<'_>, user: &UserRecord, shown: &[Method]) -> Background {
    let names = &walk.rooms.settings.acr_names;
    let person = HookPerson {
        authenticated_at: u64::try_from(walk.now.timestamp().seconds()).ok(),
        acr: assurance::level(shown).map(|level| names.acr(level).into()),
        amr: assurance::amr(shown).into_iter().map(Into::into).collect(),
        session_id: None,
        session_attributes: members_of(walk.progress.attributes.as_deref()),
        ..known_of(&user.person)
    };
    let grant = GrantFacts { authorization_details: walk.asked.details.clone().unwrap_or_default(), ..GrantFacts::default() };
    Background { person: Some(person), grant }
}

/// The `authentication` hook.
async fn judge(walk: &mut Walk<'_>, user: &UserRecord, method: Method, report: &mut Report) -> Result<(), Stop> {
    let shown = walk.progress.shown();
    let (form, entry, visit) = (Form::default(), walk.entry.clone(), walk.visit.clone());
    let mut room = Room::of_client(walk.rooms, &visit, &entry, Occasion { arrival: walk.arrival, form: &form, grant: None, now: walk.now });
    if !room.has(HookPoint::Authentication) {
        return Ok(());
    }
    let background = room.reads_background().then(|| background(walk, user, &shown));
    let subject = walk.rooms.shared.subjects.subject(walk.client(), &user.person.id);
    let scopes = walk.asked.scopes.tokens().to_vec();
    let asked = Asked {
        scopes: &scopes,
        resources: &walk.asked.resources,
        subject: Some(&subject),
        refresh: false,
        background: background.as_ref(),
    };
    let factors = shown.iter().map(|method| method.as_str().into()).collect();
    let draft = FactorSignIn::of(method.as_str().into(), factors, members_of(walk.progress.attributes.as_deref()));
    let outcome = room.authentication(draft, asked, report).await.map_err(|failure| walk.failed(failure))?;
    let attributes = match outcome {
        AuthenticationOutcome::Accept { attributes } => attributes,
        AuthenticationOutcome::StepUp { steps, attributes } => {
            walk.progress.want(steps);
            attributes
        }
    };
    walk.progress.attributes = Some(object_of(&attributes).into());
    Ok(())
}

/// The `post_authentication` hook; what comes back are the session's attributes.
async fn after(walk: &mut Walk<'_>, user: &UserRecord, shown: &[Method], report: &mut Report) -> Result<Box<str>, Stop> {
    let held = members_of(walk.progress.attributes.as_deref());
    let (form, entry, visit) = (Form::default(), walk.entry.clone(), walk.visit.clone());
    let mut room = Room::of_client(walk.rooms, &visit, &entry, Occasion { arrival: walk.arrival, form: &form, grant: None, now: walk.now });
    if !room.has(HookPoint::PostAuthentication) {
        return Ok(object_of(&held));
    }
    let background = room.reads_background().then(|| background(walk, user, shown));
    let subject = walk.rooms.shared.subjects.subject(walk.client(), &user.person.id);
    let scopes = walk.asked.scopes.tokens().to_vec();
    let asked = Asked {
        scopes: &scopes,
        resources: &walk.asked.resources,
        subject: Some(&subject),
        refresh: false,
        background: background.as_ref(),
    };
    let attributes =
        room.post_authentication(SignedIn::of(held, scopes.clone()), asked, report).await.map_err(|failure| walk.failed(failure))?;
    Ok(object_of(&attributes))
}

/// The person is in: a session begins, with a cookie that nobody has seen before.
async fn signed_in(walk: &mut Walk<'_>, user: UserRecord, shown: Vec<Method>, report: &mut Report) -> Result<Answer, Stop> {
    let attributes = after(walk, &user, &shown, report).await?;
    let now = walk.now.timestamp();
    let former = walk.browser.session.take();
    let same = former.as_ref().filter(|session| session.user_id == user.person.id);
    let secret = browser::fresh_secret();
    let agent = walk.arrival.headers.get(http::header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let shown_count = shown.len();
    let session = Session {
        id: same.map_or_else(fresh_session_id, |session| session.id.clone()),
        cookie_digest: Digest::of(secret.as_bytes()),
        user_id: user.person.id.clone(),
        methods: shown,
        attributes,
        address: walk.arrival.peer.addr.to_string().into(),
        user_agent: agent.chars().take(300).collect::<String>().into(),
        // Who showed one thing more has not signed in anew: that is as long ago as the rest of it.
        authenticated_at: same
            .filter(|_| walk.progress.methods.len() < shown_count)
            .map_or(walk.progress.vouched_at.map_or(now, Timestamp::from_seconds), |session| session.authenticated_at),
        created_at: same.map_or(now, |session| session.created_at),
        seen_at: now,
        expires_at: now.plus(walk.rooms.settings.people.session_lifetime),
    };
    let replaces = former.map(|session| session.id);
    walk.rooms.store.begin_session(session.clone(), replaces).await?;
    let device = walk.rooms.people.device_cookie(&user.person.id, now)?;
    walk.cookies = Some((secret, device));
    walk.browser.session = Some(session);
    walk.user = Some(user);
    walk.progress = super::Progress {
        fresh: true,
        chosen: true,
        wanted_acr: std::mem::take(&mut walk.progress.wanted_acr),
        ..super::Progress::default()
    };
    match standing::next(walk).await? {
        Step::Answer => answering::complete(walk, report).await,
        step => {
            if matches!(step, Step::Consent(_)) && consenting::plugins_let_pass(walk, report).await? {
                return answering::complete(walk, report).await;
            }
            walk.to_page(&step).await
        }
    }
}

fn fresh_session_id() -> Box<str> {
    let mut bytes = [0; 16];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut bytes);
    base64url::encode(bytes).into()
}
