//! The hook room: runs a client's plugins in their order, each on what the one before it left.
//!
//! The sandbox says whether a plugin answered, `issuer::claims` whether its edits are permitted; here is decided, by the
//! binding's failure policy, what a failure means for the request.

use std::sync::Arc;

use claimsmith_hooks::Limits;
use claimsmith_issuer::binding::OnFailure;
use claimsmith_issuer::claims::{
    AuthenticationOutcome, Authority, BackchannelNotification, BearerAssertion, Claims, ConsentOutcome, ConsentPlan, Draft, EditRefused,
    IdTokenClaims, IntrospectionAnswer, NotificationOutcome, PasswordJudgement, PasswordOutcome, ProvenClient, RefreshTokenPlan,
    RegistrationRequest, RequestedDetails, RequestedScopes, ResponseMembers, Revoked, Shaped, Shaping, SignIn, SignedIn, TokenExchange,
    TransactionPlan, UserinfoAnswer,
};
use claimsmith_issuer::client::Client;
use claimsmith_issuer::grants::{Entitled, Request};
use claimsmith_issuer::hook::{self, Background, Context, Edit, HookPoint, Told};
use claimsmith_issuer::value::Member;
use claimsmith_jose::Digest;
use claimsmith_protocol::form::Form;
use claimsmith_protocol::grant::GrantType;

use crate::clock::Now;
use crate::desk::Caller;
use crate::directory::{Chain, Entry, Link, Visit};
use crate::failure::{Failure, Fault, HookFailure, of_plugin};
use crate::http::Arrival;
use crate::report::{Report, Stage};
use crate::rooms::Rooms;

/// The request in which the plugins are called.
#[derive(Clone, Copy)]
pub struct Occasion<'a> {
    /// The request.
    pub arrival: &'a Arrival,
    /// The parameters that plugins may look up: the form of a token request, the validated parameters of an authorization
    /// request.
    ///
    /// Security: never the form of a page, for what a person types there is nobody's business.
    pub form: &'a Form<'a>,
    /// Its grant; none but where tokens are made.
    pub grant: Option<GrantType>,
    /// When.
    pub now: Now,
}

/// For whom and what something is made, as far as it is known where the hook is called.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The scopes the client asked for.
    pub scopes: &'a [Box<str>],
    /// The `resource` values the client asked for.
    pub resources: &'a [Box<str>],
    /// The subject of what is made.
    pub subject: Option<&'a str>,
    /// Whether this is a refresh.
    pub refresh: bool,
    /// What is known of person and grant, all of it: each plugin is shown what its binding may read. Nothing of it is looked
    /// at where no plugin can ask: see [`Room::reads_background`].
    pub background: Option<&'a Background>,
}

impl<'a> Asked<'a> {
    /// At the token endpoint.
    pub fn of(request: &'a Request, entitled: &'a Entitled, background: Option<&'a Background>, client_id: &'a str) -> Self {
        let person = entitled.person.as_ref();
        Self {
            scopes: request.scopes(),
            resources: request.resources(),
            subject: Some(person.map_or(client_id, |person| &person.grant.allowed.subject)),
            refresh: matches!(request, Request::RefreshToken(_)),
            background,
        }
    }
}

/// The plugins of one client, for one request.
pub struct Room<'a> {
    rooms: &'a Rooms,
    entry: &'a Entry,
    chain: Arc<Chain>,
    occasion: Occasion<'a>,
    seen: Seen,
    shaped_by: Vec<(i64, Digest)>,
}

/// What plugins may see of the request: gathered once, and only where a plugin may read it.
#[derive(Default)]
struct Seen {
    parameters: Vec<(Box<str>, Box<str>)>,
    headers: Vec<(Box<str>, Box<str>)>,
}

impl<'a> Room<'a> {
    /// The room of the client that asks.
    pub fn open(rooms: &'a Rooms, visit: &Visit, caller: &'a Caller, occasion: Occasion<'a>) -> Self {
        Self::of_client(rooms, visit, &caller.entry, occasion)
    }

    /// The room of a client that is not the one that asks: the owner of a token, or who sent a person here.
    pub fn of_client(rooms: &'a Rooms, visit: &Visit, entry: &'a Entry, occasion: Occasion<'a>) -> Self {
        let chain = entry.chain(visit.policy());
        let reads = |link: &Link| link.plugin.as_ref().is_some_and(|plugin| plugin.reads_request());
        let seen = if chain.links.iter().any(reads) { Seen::of(occasion) } else { Seen::default() };
        Self { rooms, entry, chain, occasion, seen, shaped_by: Vec::new() }
    }

    /// What the directory holds of the client whose room it is.
    pub const fn entry(&self) -> &'a Entry {
        self.entry
    }

    /// The client whose room it is.
    pub fn client(&self) -> &'a Client {
        &self.entry.client
    }

    /// Which bindings' plugins had a part in what was made, each with its digest, in order.
    pub fn shaped_by(self) -> Vec<(i64, Digest)> {
        self.shaped_by
    }

    /// Whether any plugin of the client, at any hook point, may ask for what is known of person and grant: if not, nobody
    /// need gather it.
    pub fn reads_background(&self) -> bool {
        self.chain.links.iter().any(|link| link.plugin.as_ref().is_some_and(|plugin| plugin.reads_background()))
    }

    /// Whether any plugin of the client has a say at a hook point.
    pub fn has(&self, point: HookPoint) -> bool {
        links(&self.chain, point).next().is_some()
    }

    /// Shapes an access token; no plugin makes it live longer than `ceiling` seconds.
    pub async fn access_token(
        &mut self,
        claims: Claims<Draft>,
        ceiling: u32,
        asked: Asked<'_>,
        report: &mut Report,
    ) -> Result<Claims<Shaped>, Failure> {
        Ok(self.shape(claims, ceiling, asked, report).await?.finish())
    }

    /// Shapes the token endpoint's response.
    pub async fn token_response(&mut self, asked: Asked<'_>, report: &mut Report) -> Result<ResponseMembers, Failure> {
        self.shape(ResponseMembers::default(), 0, asked, report).await
    }

    /// Shapes what introspection answers for an active token.
    pub async fn introspection(&mut self, answer: IntrospectionAnswer, report: &mut Report) -> Result<IntrospectionAnswer, Failure> {
        self.shape(answer, 0, Asked::default(), report).await
    }

    /// Shapes an ID token; no plugin makes it live longer than `ceiling` seconds.
    pub async fn id_token(
        &mut self,
        claims: IdTokenClaims,
        ceiling: u32,
        asked: Asked<'_>,
        report: &mut Report,
    ) -> Result<IdTokenClaims, Failure> {
        self.shape(claims, ceiling, asked, report).await
    }

    /// Whether a refresh token is issued, how long it lives (`ceiling` seconds at most), and what is remembered with its grant.
    /// Not for a grant whose access token came back with [`Claims::omits_refresh_token`].
    pub async fn refresh_token(
        &mut self,
        plan: RefreshTokenPlan,
        ceiling: u32,
        asked: Asked<'_>,
        report: &mut Report,
    ) -> Result<RefreshTokenPlan, Failure> {
        self.shape(plan, ceiling, asked, report).await
    }

    /// Shapes what the userinfo endpoint answers.
    pub async fn userinfo(&mut self, answer: UserinfoAnswer, asked: Asked<'_>, report: &mut Report) -> Result<UserinfoAnswer, Failure> {
        self.shape(answer, 0, asked, report).await
    }

    /// Judges a sign-in after a factor was verified.
    pub async fn authentication(
        &mut self,
        sign_in: SignIn,
        asked: Asked<'_>,
        report: &mut Report,
    ) -> Result<AuthenticationOutcome, Failure> {
        Ok(self.shape(sign_in, 0, asked, report).await?.outcome())
    }

    /// Judges a complete sign-in, before consent. What comes back are the attributes of the session from now on.
    pub async fn post_authentication(
        &mut self,
        signed_in: SignedIn,
        asked: Asked<'_>,
        report: &mut Report,
    ) -> Result<Vec<Member>, Failure> {
        Ok(self.shape(signed_in, 0, asked, report).await?.into_attributes())
    }

    /// Shapes what a person is about to be asked to agree to.
    pub async fn consent(&mut self, plan: ConsentPlan, asked: Asked<'_>, report: &mut Report) -> Result<ConsentOutcome, Failure> {
        Ok(self.shape(plan, 0, asked, report).await?.outcome())
    }

    /// Shapes the requested scopes. What the client may have of them is decided afterwards.
    pub async fn scope(&mut self, scopes: RequestedScopes, asked: Asked<'_>, report: &mut Report) -> Result<Vec<Box<str>>, Failure> {
        Ok(self.shape(scopes, 0, asked, report).await?.into_scopes())
    }

    /// Shapes the requested authorization details. What the client may have of them is decided afterwards.
    pub async fn authorization_details(
        &mut self,
        details: RequestedDetails,
        asked: Asked<'_>,
        report: &mut Report,
    ) -> Result<Vec<serde_json::Value>, Failure> {
        Ok(self.shape(details, 0, asked, report).await?.into_items())
    }

    /// Judges a password that a client brings, after the server has looked at it. Whom a plugin vouched for is an identifier that
    /// nobody has looked up yet.
    pub async fn password(
        &mut self,
        judgement: PasswordJudgement<'_>,
        asked: Asked<'_>,
        report: &mut Report,
    ) -> Result<PasswordOutcome, Failure> {
        Ok(self.shape(judgement, 0, asked, report).await?.outcome())
    }

    /// Judges an exchange of tokens, after both were verified. Whom a plugin mapped the subject to nobody has looked up yet.
    pub async fn token_exchange(
        &mut self,
        exchange: TokenExchange,
        asked: Asked<'_>,
        report: &mut Report,
    ) -> Result<TokenExchange, Failure> {
        self.shape(exchange, 0, asked, report).await
    }

    /// Judges an assertion that is used as a grant, after it was verified. Whom a plugin mapped the subject to nobody has looked up yet.
    pub async fn jwt_bearer(
        &mut self,
        assertion: BearerAssertion,
        asked: Asked<'_>,
        report: &mut Report,
    ) -> Result<BearerAssertion, Failure> {
        self.shape(assertion, 0, asked, report).await
    }

    /// Shapes a transaction token.
    pub async fn transaction_token(
        &mut self,
        plan: TransactionPlan,
        asked: Asked<'_>,
        report: &mut Report,
    ) -> Result<TransactionPlan, Failure> {
        self.shape(plan, 0, asked, report).await
    }

    /// Judges a client whose proof is good, before anything of the proof is used up.
    pub async fn client_authentication(&mut self, proven: ProvenClient<'_>, report: &mut Report) -> Result<(), Failure> {
        self.shape(proven, 0, Asked::default(), report).await.map(|_| ())
    }

    /// Shapes a client's metadata. What comes back is checked like what a client sent.
    pub async fn client_registration(&mut self, request: RegistrationRequest, report: &mut Report) -> Result<RegistrationRequest, Failure> {
        self.shape(request, 0, Asked::default(), report).await
    }

    /// Notifies a person who is asked on their own device, or leaves it to the server.
    pub async fn backchannel_notification(
        &mut self,
        notification: BackchannelNotification,
        asked: Asked<'_>,
        report: &mut Report,
    ) -> Result<NotificationOutcome, Failure> {
        Ok(self.shape(notification, 0, asked, report).await?.outcome())
    }

    /// Tells the plugins of a token that is about to be revoked.
    ///
    /// Security: only a binding with the permission keeps it from being revoked, by its refusal or by its fault: see
    /// [`Revoked::may_be_refused`].
    pub async fn revocation(&mut self, revoked: Revoked<'_>, asked: Asked<'_>, report: &mut Report) -> Result<(), Failure> {
        let chain = Arc::clone(&self.chain);
        for link in links(&chain, HookPoint::Revocation) {
            let answer = self.call(link, &revoked.view(), asked).await;
            let authority = Authority { binding: link.binding.id, permissions: &link.binding.permissions, lifetime_ceiling: 0 };
            let may_refuse = Revoked::may_be_refused(&link.binding.permissions);
            match self.settle(link, HookPoint::Revocation, answer, |edits| revoked.clone().apply(edits, authority)) {
                Err(failure) if may_refuse => return Err(failure),
                Err(failure) => crate::report::unheeded(&failure, &link.binding.plugin, self.occasion.arrival.id),
                Ok(()) => {}
            }
        }
        report.stage(Stage::Hooks);
        Ok(())
    }

    /// The one road of every hook point but the last: each plugin in its turn, on what the one before it left.
    async fn shape<S: Shaping>(&mut self, mut shaped: S, ceiling: u32, asked: Asked<'_>, report: &mut Report) -> Result<S, Failure> {
        let chain = Arc::clone(&self.chain);
        for link in links(&chain, S::POINT) {
            let answer = self.call(link, &shaped.view_for(&link.binding.permissions), asked).await;
            let authority = Authority { binding: link.binding.id, permissions: &link.binding.permissions, lifetime_ceiling: ceiling };
            self.settle(link, S::POINT, answer, |edits| shaped.apply(edits, authority))?;
        }
        report.stage(Stage::Hooks);
        Ok(shaped)
    }

    async fn call(&self, link: &Link, draft: &hook::Draft<'_>, asked: Asked<'_>) -> Result<hook::PluginAnswer, HookFailure> {
        let plugin = link.plugin.as_ref().ok_or(HookFailure::NotLoaded)?;
        let client = &self.entry.client;
        // Security: a plugin is shown of a person what its own binding may read, and not what another's may.
        let background = asked.background.filter(|_| plugin.reads_background());
        let background = background.map(|background| Arc::new(background.seen_with(&link.binding.permissions)));
        let context = Context {
            client_id: &client.id,
            client_tags: &client.tags,
            client_metadata: &client.metadata,
            grant_type: self.occasion.grant.map_or("", GrantType::as_str),
            refresh: asked.refresh,
            requested_scopes: asked.scopes,
            requested_resources: asked.resources,
            subject: asked.subject,
            parameters: &self.seen.parameters,
            headers: &self.seen.headers,
            now_milliseconds: u64::try_from(self.occasion.now.milliseconds()).unwrap_or(0),
            background: background.as_ref(),
        };
        let limits = self.limits(link);
        let limits = limits.as_ref().unwrap_or(&self.rooms.settings.hook_limits);
        let call = self.rooms.host.call(plugin, &context, &link.binding.configuration, draft, limits).await;
        self.rooms.metrics.plugin_called(&link.binding.plugin, draft.point, &call);
        crate::report::plugin_log(&link.binding.plugin, link.binding.id, draft.point, self.occasion.arrival.id, &call);
        call.answer.map_err(HookFailure::Sandbox)
    }

    /// The limits of a binding that has its own; the server's are never exceeded.
    fn limits(&self, link: &Link) -> Option<Limits> {
        let own = link.binding.limits;
        if own.fuel.is_none() && own.milliseconds.is_none() {
            return None;
        }
        let mut limits = self.rooms.settings.hook_limits.clone();
        limits.fuel = own.fuel.map_or(limits.fuel, |fuel| fuel.min(limits.fuel));
        let wall = own.milliseconds.map(|milliseconds| std::time::Duration::from_millis(u64::from(milliseconds)));
        limits.wall = wall.map_or(limits.wall, |wall| wall.min(limits.wall));
        Some(limits)
    }

    /// Takes a plugin's answer: its refusal ends the request; its failure does what the binding says.
    fn settle(
        &mut self,
        link: &Link,
        point: HookPoint,
        answer: Result<hook::PluginAnswer, HookFailure>,
        apply: impl FnOnce(Vec<Edit>) -> Result<(), EditRefused>,
    ) -> Result<(), Failure> {
        let failure = match answer {
            Ok(Err(refusal)) => return Err(of_plugin(told(point, self.occasion.grant), &refusal.code, refusal.reason).into()),
            Ok(Ok(edits)) => match apply(edits) {
                Ok(()) => {
                    let digest = link.plugin.as_ref().map(|plugin| *plugin.digest());
                    let entry = digest.map(|digest| (link.binding.id, digest)).filter(|entry| !self.shaped_by.contains(entry));
                    self.shaped_by.extend(entry);
                    return Ok(());
                }
                Err(refused) => HookFailure::Edits(refused),
            },
            Err(failure) => failure,
        };
        let fault = Fault::Hook { plugin: link.binding.plugin.clone(), binding: link.binding.id, hook: point.as_str(), source: failure };
        match link.binding.on_failure {
            OnFailure::Refuse => Err(fault.into()),
            OnFailure::Skip => {
                crate::report::skipped(&fault, self.occasion.arrival.id);
                Ok(())
            }
        }
    }
}

/// Where a refusal at a hook point is told in this request: some hooks run at the token endpoint too, which redirects nobody.
const fn told(point: HookPoint, grant: Option<GrantType>) -> Told {
    match grant {
        // A client that is not let in is told so, wherever it knocked.
        _ if matches!(point, HookPoint::ClientAuthentication) => point.told(),
        // Tokens that the browser carries: so does the refusal.
        Some(GrantType::Implicit) => Told::Redirected,
        Some(_) => Told::Direct,
        None => point.told(),
    }
}

fn links(chain: &Chain, point: HookPoint) -> impl Iterator<Item = &Link> {
    chain.links.iter().filter(move |link| link.has(point))
}

impl Seen {
    fn of(occasion: Occasion<'_>) -> Self {
        let parameters = occasion.form.pairs().filter(|(name, _)| !is_secret(name)).map(|(name, value)| (name.into(), value.into()));
        let headers = occasion.arrival.headers.iter().filter(|(name, _)| !is_secret(name.as_str()));
        let headers = headers.filter_map(|(name, value)| Some((name.as_str().into(), value.to_str().ok()?.into())));
        Self { parameters: parameters.collect(), headers: headers.collect() }
    }
}

/// Whether a parameter or header may carry what no plugin may see.
///
/// Security: judged by what its name contains, so that a new parameter for a secret is hidden before anyone remembers to
/// list it. What is hidden for nothing (`token_type_hint`) is no loss.
fn is_secret(name: &str) -> bool {
    const PARTS: [&str; 14] =
        ["secret", "password", "passwd", "token", "assertion", "code", "verifier", "key", "auth", "cookie", "dpop", "cert", "otp", "pin"];
    let name = name.to_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part)) && name != "client_assertion_type"
}

#[cfg(test)]
mod reference;

#[cfg(test)]
mod tests {
    use claimsmith_issuer::hook::{HookPoint, Told};
    use claimsmith_protocol::grant::GrantType;

    use super::{is_secret, told};

    #[test]
    fn plg_004_nobody_is_redirected_from_the_token_endpoint() {
        assert_eq!(told(HookPoint::Scope, None), Told::Redirected);
        for point in HookPoint::ALL {
            assert_eq!(told(point, None), point.told());
            if point == HookPoint::ClientAuthentication {
                assert_eq!(told(point, Some(GrantType::Implicit)), Told::AtTheDesk);
                continue;
            }
            assert_eq!(told(point, Some(GrantType::ClientCredentials)), Told::Direct, "{}", point.as_str());
            assert_eq!(told(point, Some(GrantType::Implicit)), Told::Redirected, "{}", point.as_str());
        }
    }

    #[test]
    fn plg_005_names_of_secrets_are_hidden() {
        let secret = [
            "client_secret",
            "client_assertion",
            "password",
            "code",
            "refresh_token",
            "subject_token",
            "code_verifier",
            "assertion",
            "Authorization",
            "cookie",
            "Proxy-Authorization",
            "x-forwarded-client-cert",
            "DPoP",
            "x-api-key",
            "token",
        ];
        for name in secret {
            assert!(is_secret(name), "{name}");
        }
        for name in ["scope", "resource", "grant_type", "client_id", "client_assertion_type", "user-agent", "tenant"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
