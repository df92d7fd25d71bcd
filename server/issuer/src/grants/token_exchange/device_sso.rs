//! Apps of one device that share a sign-in ([OpenID Connect Native SSO §4](https://openid.net/specs/openid-connect-native-sso-1_0.html)):
//! an app brings the ID token of another and the device's secret, and gets tokens of its own.
//!
//! The secret is that of the first app's grant: it was given with the scope `device_sso`, leads to nothing but that grant, and ends with
//! it. Refuses with `unauthorized_client` a client that the operator does not let do it, with `invalid_request` (RFC 8693 §2.2.2) an ID
//! token that is none, of an app whose sign-ins it may not share, or of another device than the secret.

use claimsmith_protocol::error::Refusal;

use super::{Exchange, Exchanged, Kind, Product, Request, malformed, targets, unacceptable};
use crate::client::Client;
use crate::grants::newcomer::Wanted;
use crate::grants::{Case, Entitled, GrantRecord, not_allowed};

/// The scope with which an app asks for the secret of its device.
pub const SCOPE: &str = "device_sso";

/// What the ID token of an app says of the secret (§3.3).
pub const HASH: &str = "ds_hash";

/// Refuses what is not exchanged with a device's secret.
pub(super) fn check_form(subject: Kind, wanted: Kind) -> Result<(), Refusal> {
    if subject == Kind::IdToken && wanted == Kind::AccessToken {
        return Ok(());
    }
    Err(malformed("a device secret goes with an ID token, and with the request of an access token"))
}

/// Refuses a client that may not share the sign-ins of other apps. It may be public: the secret is what proves something.
pub(super) fn admit(client: &Client) -> Result<(), Refusal> {
    let policy = client.registration.token_exchange.as_ref();
    if policy.is_some_and(|policy| policy.device_sso) { Ok(()) } else { Err(not_allowed()) }
}

/// Decides what the app gets: what it is registered for, in the name of who signed in at the other.
pub(super) fn decide(request: &Request, exchange: &Exchange, case: &Case<'_>) -> Result<Entitled, Refusal> {
    let client = case.caller.client();
    let subject = exchange.subject.as_ref().ok_or_else(unacceptable)?;
    let (root, grant) = exchange.device.as_ref().zip(case.grant).ok_or_else(unacceptable)?;
    let is_good = |grant: &GrantRecord| !grant.is_over(case.now) && grant.allowed.has_scope(SCOPE);
    if grant.device() != root.id || !is_good(root) || !is_good(grant) || !case.person_is_there {
        return Err(unacceptable());
    }
    let policy = client.registration.token_exchange.as_ref();
    let shares = policy.is_some_and(|policy| policy.subject_clients.iter().any(|held| **held == *grant.client_id.as_str()));
    if grant.client_id != client.id && !shares {
        return Err(unacceptable());
    }
    let named = targets(request, client, exchange, case)?;
    let newcomer = case.newcomer.ok_or_else(unacceptable)?;
    let mut entitled = newcomer.begin(Wanted { scope: request.scope.as_ref(), resources: &named, refreshes: true }, case)?;
    let about = entitled.person.as_ref().map_or_else(|| subject.subject.clone(), |person| person.grant.allowed.subject.clone());
    entitled.exchanged =
        Some(Box::new(Exchanged { subject: about, act: None, issued: Kind::AccessToken.as_str(), product: Product::AccessToken }));
    Ok(entitled)
}

#[cfg(test)]
mod tests {
    use claimsmith_protocol::handle::GrantId;
    use claimsmith_protocol::registration::TokenExchange;
    use claimsmith_protocol::scope::ScopeSet;
    use serde_json::json;

    use super::super::super::rig::{NOW, Rig, case, form};
    use super::super::{Held, Origin, TYPE, decide, parse};
    use super::{Entitled, Exchange, GrantRecord, Refusal, SCOPE, not_allowed, unacceptable};
    use crate::grants::Newcomer;

    const ID_TOKEN: &str = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token";
    const SECRET: &str = "urn%3Aopenid%3Aparams%3Atoken-type%3Adevice-secret";

    /// The app `app` has the ID token of its sibling `mail`, which asked for the secret of the device.
    fn rig(change: impl FnOnce(&mut Rig, &mut GrantRecord)) -> Rig {
        let mut rig = Rig::new();
        rig.newcomer = Some(Newcomer {
            grant: GrantId::from_bytes([8; 16]),
            user_id: rig.grant.user_id.clone(),
            subject: "alice-here".into(),
            auth_time: NOW.seconds(),
            acr: None,
            amr: Vec::new(),
            attributes: None,
            device: None,
        });
        rig.client_mut(|client| {
            client.grants.push(TYPE);
            client.scopes = ScopeSet::parse("read openid device_sso offline_access").expect("good");
            let policy = TokenExchange { device_sso: true, subject_clients: vec!["mail".into()], ..TokenExchange::default() };
            client.registration.token_exchange = Some(policy);
        });
        let mut grant = rig.grant.clone();
        grant.client_id = claimsmith_protocol::id::ClientId::parse("mail").expect("an id");
        grant.allowed.scopes = vec!["openid".into(), SCOPE.into()];
        let subject = json!({ "sub": "alice", "exp": NOW.seconds() - 100, "aud": "mail" });
        let held =
            Held::of_claims(subject.as_object().expect("an object").clone(), Origin::Ours { client_id: "mail".into(), audience: vec![] });
        rig.exchange = Some(Exchange {
            ourselves: "https://id.example".into(),
            subject: held,
            actor: None,
            device: Some(grant.clone()),
            known_as: None,
            offers: super::super::tests::offers(),
        });
        change(&mut rig, &mut grant);
        rig.grant = grant;
        rig
    }

    fn ask(rig: &Rig, more: &str) -> Result<Entitled, Refusal> {
        let body = format!("subject_token=x&subject_token_type={ID_TOKEN}&actor_token=y&actor_token_type={SECRET}{more}");
        decide(&parse(&form(&body))?, &case(rig))
    }

    #[test]
    fn an_app_of_the_device_gets_tokens_of_its_own() {
        let entitled = ask(&rig(|_, _| ()), "&scope=openid+read&audience=https%3A%2F%2Fid.example").expect("entitled");
        let person = entitled.person.as_ref().expect("a person");
        assert!(person.id_token && person.grant.id != rig(|_, _| ()).grant.id, "a grant of its own");
        assert_eq!(person.grant.allowed.scopes, ["openid".into(), "read".into()] as [Box<str>; 2]);
        assert!(ask(&rig(|_, _| ()), "&scope=write").is_err(), "not the app's to ask for");
    }

    #[test]
    fn only_with_the_secret_of_the_same_device_while_its_sign_in_lasts() {
        type Change = fn(&mut Rig, &mut GrantRecord);
        let changes: [(&str, Change); 8] = [
            ("no secret", |rig, _| rig.exchange.as_mut().expect("one").device = None),
            ("another device", |rig, _| {
                rig.exchange.as_mut().and_then(|exchange| exchange.device.as_mut()).expect("one").id = GrantId::from_bytes([9; 16]);
            }),
            ("the first app's access was withdrawn", |rig, _| {
                rig.exchange.as_mut().and_then(|exchange| exchange.device.as_mut()).expect("one").revoked_at = Some(NOW);
            }),
            ("the sibling's access was withdrawn", |_, grant| grant.revoked_at = Some(NOW)),
            ("the sign-in is over", |_, grant| grant.expires_at = NOW),
            ("the sibling did not share its sign-in", |_, grant| grant.allowed.scopes = vec!["openid".into()]),
            ("a stranger's app", |_, grant| grant.client_id = claimsmith_protocol::id::ClientId::parse("game").expect("an id")),
            ("no ID token", |rig, _| rig.exchange.as_mut().expect("one").subject = None),
        ];
        for (what, change) in changes {
            assert_eq!(ask(&rig(change), "&scope=openid").err(), Some(unacceptable()), "{what}");
        }
        let forbidden = rig(|rig, _| rig.client_mut(|client| client.registration.token_exchange = Some(TokenExchange::default())));
        assert_eq!(ask(&forbidden, "&scope=openid").err(), Some(not_allowed()));
    }

    #[test]
    fn a_secret_goes_with_an_id_token_alone() {
        let access = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token";
        for (subject, actor) in [(access, SECRET), (ID_TOKEN, access), (SECRET, SECRET)] {
            let body = format!("subject_token=x&subject_token_type={subject}&actor_token=y&actor_token_type={actor}");
            assert!(parse(&form(&body)).is_err(), "{subject} {actor}");
        }
        assert!(parse(&form(&format!("subject_token=x&subject_token_type={ID_TOKEN}"))).is_err(), "nothing without the secret");
    }
}
