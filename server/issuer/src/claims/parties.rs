//! What plugins may say of clients: of one that has just proved who it is, of a registration, of a token that is to be revoked.

use super::names::{check_name, check_value};
use super::shaping::{Shaping, misplaced};
use super::{Authority, CLAIMS_MAX, EditRefused};
use crate::binding::Permission;
use crate::hook::{self, Edit, HookPoint, RegistrationAction};
use crate::value::Member;

/// Members of a client's metadata that no permission can grant: the server makes them (RFC 7591 §3.2.1), or their signer did.
const RESERVED_METADATA: [&str; 7] = [
    "client_id",
    "client_secret",
    "client_id_issued_at",
    "client_secret_expires_at",
    "registration_access_token",
    "registration_client_uri",
    "software_statement",
];

/// Whether the member of a client's metadata is the server's own.
pub fn is_reserved_metadata(name: &str) -> bool {
    RESERVED_METADATA.contains(&name)
}

/// A client whose proof is good. Plugins may refuse it and can do nothing else.
#[derive(Debug, Clone)]
pub struct ProvenClient<'a> {
    /// The method, as `token_endpoint_auth_method` names it.
    pub method: &'a str,
    /// The SHA-256 of its certificate, in base64url.
    pub thumbprint: Option<&'a str>,
    /// What is known of its attestation.
    pub attestation: &'a [Member],
}

impl Shaping for ProvenClient<'_> {
    const POINT: HookPoint = HookPoint::ClientAuthentication;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::client_authentication(self.method, self.thumbprint, self.attestation)
    }

    fn check(&self, edit: &Edit, _: Authority<'_>) -> Result<(), EditRefused> {
        Err(misplaced(edit))
    }

    fn perform(&mut self, _: Edit, _: Authority<'_>) {}
}

/// A client's metadata, before it is checked and saved.
#[derive(Debug, Clone)]
pub struct RegistrationRequest {
    /// What is done.
    pub action: RegistrationAction,
    /// The metadata: what comes back is checked like what a client sent.
    pub metadata: Vec<Member>,
    /// The claims of the software statement, where one was verified.
    pub software_statement: Vec<Member>,
}

impl Shaping for RegistrationRequest {
    const POINT: HookPoint = HookPoint::ClientRegistration;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::client_registration(self.action, &self.metadata, &self.software_statement)
    }

    fn check(&self, edit: &Edit, authority: Authority<'_>) -> Result<(), EditRefused> {
        let (name, value) = match edit {
            Edit::SetMetadata(name, value) => (name, Some(value)),
            Edit::RemoveMetadata(name) => (name, None),
            other => return Err(misplaced(other)),
        };
        check_name(name)?;
        if is_reserved_metadata(name) {
            return Err(EditRefused::Reserved(name.clone()));
        }
        let permitted = authority.permissions.iter().any(|permission| match permission {
            Permission::Metadata(granted) => **granted == **name,
            Permission::MetadataPrefix(prefix) => name.starts_with(prefix.as_ref()),
            _ => false,
        });
        if !permitted {
            return Err(EditRefused::NotPermitted(format!("metadata:{name}")));
        }
        value.map_or(Ok(()), |value| check_value("", value))
    }

    fn check_whole(&self) -> Result<(), EditRefused> {
        if self.metadata.len() > CLAIMS_MAX { Err(EditRefused::TooMany("members of metadata")) } else { Ok(()) }
    }

    fn perform(&mut self, edit: Edit, _: Authority<'_>) {
        match edit {
            Edit::SetMetadata(name, value) => super::set(&mut self.metadata, name, value),
            Edit::RemoveMetadata(name) => self.metadata.retain(|member| member.name != name),
            _ => {}
        }
    }
}

/// A token that is about to be revoked. Plugins are told of it; see [`Revoked::may_be_refused`].
#[derive(Debug, Clone)]
pub struct Revoked<'a> {
    /// `access_token` or `refresh_token`.
    pub token_type: &'a str,
    /// Its scopes.
    pub scopes: &'a [Box<str>],
    /// Its claims, where it is an access token.
    pub claims: &'a [Member],
}

impl Revoked<'_> {
    /// Whether a binding with these permissions may keep a token from being revoked.
    ///
    /// Security: without the permission neither its refusal nor its failure does, for a token that lives on is the greater evil.
    pub fn may_be_refused(permissions: &[Permission]) -> bool {
        permissions.contains(&Permission::RefuseRevocation)
    }
}

impl Shaping for Revoked<'_> {
    const POINT: HookPoint = HookPoint::Revocation;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::revocation(self.token_type, self.scopes, self.claims)
    }

    fn check(&self, edit: &Edit, _: Authority<'_>) -> Result<(), EditRefused> {
        Err(misplaced(edit))
    }

    fn perform(&mut self, _: Edit, _: Authority<'_>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply<S: Shaping>(mut shaped: S, edit: Edit, permissions: &[&str]) -> Result<S, EditRefused> {
        let permissions: Vec<_> = permissions.iter().map(|text| Permission::parse(text).expect("a permission")).collect();
        shaped.apply(vec![edit], Authority { binding: 1, permissions: &permissions, lifetime_ceiling: 0 }).map(|()| shaped)
    }

    fn registration() -> RegistrationRequest {
        let metadata = vec![Member::known("client_name", "x".into()), Member::known("scope", "read".into())];
        RegistrationRequest { action: RegistrationAction::Register, metadata, software_statement: vec![] }
    }

    #[test]
    fn plg_002_metadata_is_changed_by_permission_and_the_servers_own_never() {
        let set = |name: &str| Edit::SetMetadata(name.to_owned(), "y".into());
        let refused = Some(EditRefused::NotPermitted("metadata:client_name".to_owned()));
        assert_eq!(apply(registration(), set("client_name"), &["claim:*"]).err(), refused);
        assert_eq!(apply(registration(), Edit::RemoveMetadata("client_name".to_owned()), &[]).err(), refused);
        let named = apply(registration(), set("client_name"), &["metadata:client_name"]).expect("permitted");
        assert_eq!(named.metadata[0], Member::known("client_name", "y".into()));
        assert_eq!(apply(registration(), Edit::RemoveMetadata("scope".to_owned()), &["metadata:*"]).expect("permitted").metadata.len(), 1);
        for name in RESERVED_METADATA {
            assert_eq!(apply(registration(), set(name), &["metadata:*"]).err(), Some(EditRefused::Reserved(name.to_owned())));
        }
        assert!(matches!(apply(registration(), set("a\nb"), &["metadata:*"]), Err(EditRefused::Malformed(_))));
        assert!(matches!(apply(registration(), Edit::SetClaim("a".to_owned(), "b".into()), &["claim:*"]), Err(EditRefused::Misplaced(_))));
    }

    #[test]
    fn plg_001_a_proven_client_and_a_revocation_can_only_be_refused() {
        let everything = ["claim:*", "metadata:*", "set_user", "refuse_revocation", "user:*", "skip_consent"];
        let edits =
            [Edit::SetUser("u".to_owned()), Edit::SetMetadata("a".to_owned(), "b".into()), Edit::SetClaim("a".to_owned(), "b".into())];
        for edit in edits {
            let proven = ProvenClient { method: "none", thumbprint: None, attestation: &[] };
            assert!(matches!(apply(proven, edit.clone(), &everything), Err(EditRefused::Misplaced(_))));
            let revoked = Revoked { token_type: "access_token", scopes: &[], claims: &[] };
            assert!(matches!(apply(revoked, edit, &everything), Err(EditRefused::Misplaced(_))));
        }
        assert!(!Revoked::may_be_refused(&[Permission::SkipConsent, Permission::SetUser]));
        assert!(Revoked::may_be_refused(&[Permission::RefuseRevocation]));
    }
}
