//! A person whom a request itself brings, without having been here: by their password, or because somebody who is trusted says so.
//! Their grant begins with the request, and is written when everything is signed.

use claimsmith_protocol::error::Refusal;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::scope::ScopeSet;

use super::refresh_token::{entitle_of_person, first_refresh, grant_lifetime};
use super::target::bad_scope;
use super::{Allowed, Case, Entitled, ForPerson, From, GrantRecord, Refresh};
use crate::person::UserId;

/// The person, and what is known of how they proved to be them.
#[derive(Debug, Clone, PartialEq)]
pub struct Newcomer {
    /// The id that their grant will have.
    pub grant: GrantId,
    /// The person.
    pub user_id: UserId,
    /// `sub` for the client that asks.
    pub subject: Box<str>,
    /// When they proved it, seconds since 1970.
    pub auth_time: i64,
    /// The authentication context class reached.
    pub acr: Option<Box<str>>,
    /// How they proved it (RFC 8176).
    pub amr: Vec<Box<str>>,
    /// What plugins remember with the grant from its first moment: a JSON object.
    pub attributes: Option<Box<str>>,
    /// The app of their device where they signed in.
    pub device: Option<Sibling>,
}

/// The app of a device whose sign-in another app shares.
#[derive(Debug, Clone, PartialEq)]
pub struct Sibling {
    /// The grant that the secret of the device is of.
    pub grant: GrantId,
    /// The session that its sign-in goes with, which the other app's then does, too.
    pub session_id: Option<Box<str>>,
    /// That session as the other app knows it.
    pub sid: Option<Box<str>>,
}

/// What the client asks for in the person's name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// `scope`, where it was sent.
    pub(super) scope: Option<&'a ScopeSet>,
    /// Every `resource`.
    pub(super) resources: &'a [Box<str>],
    /// Whether a refresh token may go with it.
    pub(super) refreshes: bool,
}

impl Newcomer {
    /// What the client is entitled to in their name. Nobody was asked, so it is what the client is registered for, and no more.
    pub(super) fn begin(&self, wanted: Wanted<'_>, case: &Case<'_>) -> Result<Entitled, Refusal> {
        let client = case.caller.client();
        let scopes = wanted.scope.unwrap_or(&client.default_scopes);
        if !scopes.is_subset_of(&client.scopes) {
            return Err(bad_scope("a scope is not the client's to ask for"));
        }
        let mut entitled = entitle_of_person(client, (scopes.clone(), wanted.resources), case.resources, case.defaults)?;
        let allowed = Allowed {
            subject: self.subject.clone(),
            scopes: entitled.scopes.clone(),
            resources: wanted.resources.to_vec(),
            auth_time: self.auth_time,
            acr: self.acr.clone(),
            amr: self.amr.clone(),
            attributes: self.attributes.clone(),
            device: self.device.as_ref().map(|sibling| sibling.grant.to_string().into()),
            sid: self.device.as_ref().and_then(|sibling| sibling.sid.clone()),
            ..Allowed::default()
        };
        let mut grant = GrantRecord {
            id: self.grant,
            client_id: client.id.clone(),
            user_id: self.user_id.clone(),
            session_id: self.device.as_ref().and_then(|sibling| sibling.session_id.clone()),
            allowed,
            code: None,
            refresh: None,
            created_at: case.now,
            // Without a refresh token nothing of it outlives its one access token.
            expires_at: case.now.plus(entitled.lifetime_ceiling),
            revoked_at: None,
        };
        let refresh = if wanted.refreshes { first_refresh(&grant, client, case.policy) } else { Refresh::None };
        if refresh != Refresh::None {
            grant.expires_at = case.now.plus(grant_lifetime(client, case.policy)).max(grant.expires_at);
        }
        let id_token = entitled.scopes.iter().any(|scope| **scope == *"openid");
        entitled.person = Some(Box::new(ForPerson { grant, id_token, refresh, from: From::New }));
        Ok(entitled)
    }
}
