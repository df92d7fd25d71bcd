//! The hook room: runs a client's plugins in their order, each on what the one before it left.
//!
//! The sandbox says whether a plugin answered, `issuer::claims` whether its edits are permitted; here is decided, by the
//! binding's failure policy, what a failure means for the request.

use std::sync::Arc;

use claimsmith_hooks::Limits;
use claimsmith_issuer::binding::OnFailure;
use claimsmith_issuer::claims::{Authority, Claims, Draft, IntrospectionAnswer, ResponseMembers, Shaped};
use claimsmith_issuer::grants::Entitled;
use claimsmith_issuer::grants::client_credentials::Request;
use claimsmith_issuer::hook::{self, Context, Edit, HookPoint};
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
    /// Its form.
    pub form: &'a Form<'a>,
    /// Its grant; none at introspection.
    pub grant: Option<GrantType>,
    /// When.
    pub now: Now,
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
        Self::of_owner(rooms, visit, &caller.entry, occasion)
    }

    /// The room of the client that owns the token in question.
    pub fn of_owner(rooms: &'a Rooms, visit: &Visit, entry: &'a Entry, occasion: Occasion<'a>) -> Self {
        let chain = entry.chain(visit.policy());
        let reads = |link: &Link| link.plugin.as_ref().is_some_and(|plugin| plugin.reads_request());
        let seen = if chain.links.iter().any(reads) { Seen::of(occasion) } else { Seen::default() };
        Self { rooms, entry, chain, occasion, seen, shaped_by: Vec::new() }
    }

    /// Which bindings' plugins had a part in what was made, each with its digest, in order.
    pub fn shaped_by(self) -> Vec<(i64, Digest)> {
        self.shaped_by
    }

    /// Shapes an access token.
    pub async fn access_token(
        &mut self,
        mut claims: Claims<Draft>,
        request: &Request,
        entitled: &Entitled,
        report: &mut Report,
    ) -> Result<Claims<Shaped>, Failure> {
        let chain = Arc::clone(&self.chain);
        for link in links(&chain, HookPoint::AccessToken) {
            let edits = self.call(link, HookPoint::AccessToken, &claims.view(), Some(request)).await;
            let authority = Authority {
                binding: link.binding.id,
                permissions: &link.binding.permissions,
                lifetime_ceiling: entitled.lifetime_ceiling.seconds(),
            };
            self.settle(link, HookPoint::AccessToken, edits, |edits| claims.apply(edits, authority))?;
        }
        report.stage(Stage::Hooks);
        Ok(claims.finish())
    }

    /// Shapes the token endpoint's response.
    pub async fn token_response(&mut self, request: &Request, report: &mut Report) -> Result<ResponseMembers, Failure> {
        let mut members = ResponseMembers::default();
        let chain = Arc::clone(&self.chain);
        for link in links(&chain, HookPoint::TokenResponse) {
            let edits = self.call(link, HookPoint::TokenResponse, &members.view(), Some(request)).await;
            self.settle(link, HookPoint::TokenResponse, edits, |edits| members.apply(edits))?;
        }
        report.stage(Stage::Hooks);
        Ok(members)
    }

    /// Shapes what introspection answers for an active token.
    pub async fn introspection(
        &mut self,
        mut answer: IntrospectionAnswer,
        caller: &str,
        report: &mut Report,
    ) -> Result<IntrospectionAnswer, Failure> {
        let chain = Arc::clone(&self.chain);
        for link in links(&chain, HookPoint::Introspection) {
            let edits = self.call(link, HookPoint::Introspection, &answer.view(caller), None).await;
            self.settle(link, HookPoint::Introspection, edits, |edits| answer.apply(edits, &link.binding.permissions))?;
        }
        report.stage(Stage::Hooks);
        Ok(answer)
    }

    async fn call(
        &self,
        link: &Link,
        point: HookPoint,
        draft: &hook::Draft<'_>,
        request: Option<&Request>,
    ) -> Result<hook::PluginAnswer, HookFailure> {
        let plugin = link.plugin.as_ref().ok_or(HookFailure::NotLoaded)?;
        let client = &self.entry.client;
        let context = Context {
            client_id: &client.id,
            client_tags: &client.tags,
            client_metadata: &client.metadata,
            grant_type: self.occasion.grant.map_or("", GrantType::as_str),
            refresh: false,
            requested_scopes: request.and_then(|request| request.scope.as_ref()).map_or(&[], |scope| scope.tokens()),
            requested_resources: request.map_or(&[], |request| &request.resources),
            subject: self.occasion.grant.map(|_| client.id.as_str()),
            parameters: &self.seen.parameters,
            headers: &self.seen.headers,
            now_milliseconds: u64::try_from(self.occasion.now.milliseconds()).unwrap_or(0),
        };
        let limits = self.limits(link);
        let limits = limits.as_ref().unwrap_or(&self.rooms.settings.hook_limits);
        let call = self.rooms.host.call(plugin, &context, &link.binding.configuration, draft, limits).await;
        self.rooms.metrics.plugin_called(&link.binding.plugin, point, &call);
        crate::report::plugin_log(&link.binding.plugin, link.binding.id, point, self.occasion.arrival.id, &call);
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
        apply: impl FnOnce(Vec<Edit>) -> Result<(), claimsmith_issuer::claims::EditRefused>,
    ) -> Result<(), Failure> {
        let failure = match answer {
            Ok(Err(refusal)) => return Err(of_plugin(&refusal.code, refusal.reason).into()),
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
mod tests {
    use super::is_secret;

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
