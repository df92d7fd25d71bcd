//! Subjects: the name by which a client knows a person (OpenID Connect Core §8).

use claimsmith_jose::{Digest, base64url, hmac_sha256};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::registration::SubjectType;

use crate::client::{Client, ClientKeys};
use crate::person::UserId;

/// Makes subjects that differ per sector; stable for the life of a deployment, for its key is kept in the database.
#[derive(Debug)]
pub struct Pairwise(claimsmith_jose::Secret<[u8; 32]>);

impl Pairwise {
    /// Takes the deployment's key for subjects.
    pub const fn new(key: claimsmith_jose::Secret<[u8; 32]>) -> Self {
        Self(key)
    }

    /// The subject by which the client knows the person.
    pub fn subject(&self, client: &Client, user: &UserId) -> Box<str> {
        match client.registration.subject_type {
            SubjectType::Public => user.as_str().into(),
            SubjectType::Pairwise => self.of_sector(&sector(client), user),
        }
    }

    /// The subject of a person in a sector ([OpenID Connect Core §8.1](https://openid.net/specs/openid-connect-core-1_0.html#PairwiseAlg)).
    fn of_sector(&self, sector: &str, user: &UserId) -> Box<str> {
        // Security: the length goes first, so that no sector and user run together into another pair.
        let length = (sector.len() as u64).to_be_bytes();
        let mac = hmac_sha256(self.0.expose(), &[&length, sector.as_bytes(), user.as_str().as_bytes()]);
        base64url::encode(mac.as_bytes()).into_boxed_str()
    }
}

/// The host of `sector_identifier_uri`, else that of the redirect URIs, else that of the keys of a client at the backchannel
/// (OpenID Connect CIBA §4); a client without either is a sector of its own.
fn sector(client: &Client) -> String {
    let registration = &client.registration;
    let keys = match client.keys() {
        Some(ClientKeys::Uri(uri)) if client.grants.contains(&GrantType::Ciba) => Some(uri),
        _ => None,
    };
    let uri = registration.sector_identifier_uri.as_deref().or(registration.redirect_uris.first().map(AsRef::as_ref)).or(keys.as_deref());
    let host = uri.and_then(|uri| url::Url::parse(uri).ok()).and_then(|uri| uri.host_str().map(str::to_owned));
    host.unwrap_or_else(|| format!("client:{}", client.id))
}

/// `sid`: the session as one client knows it. The same for all its tokens of one session, and different for every client, so that
/// two of them cannot tell that they speak of one browser (OpenID Connect Back-Channel Logout §2.1).
pub fn sid(session_id: &str, client_id: &str) -> Box<str> {
    let digest = Digest::of(format!("sid:{}:{session_id}{client_id}", session_id.len()).as_bytes());
    base64url::encode(&digest.as_bytes()[..16]).into_boxed_str()
}

#[cfg(test)]
mod tests {
    use claimsmith_jose::Secret;
    use claimsmith_protocol::id::ClientId;
    use claimsmith_protocol::registration::Registration;

    use super::*;
    use crate::client::Authentication;

    fn client(id: &str, registration: &str) -> Client {
        let mut client = Client::new(ClientId::parse(id).expect("an id"), Authentication::Public);
        client.registration = Box::new(Registration::from_text(registration).expect("well formed"));
        client
    }

    #[test]
    fn sub_002_pairwise_subjects_differ_per_sector_and_per_person() {
        let pairwise = Pairwise::new(Secret::new([7; 32]));
        let (alice, bob) = (UserId::from_random([1; 16]), UserId::from_random([2; 16]));
        let a = client("a", r#"{"subject_type":"pairwise","redirect_uris":["https://one.example/cb"]}"#);
        let same = client("b", r#"{"subject_type":"pairwise","redirect_uris":["https://one.example/other"]}"#);
        let sector =
            r#"{"subject_type":"pairwise","sector_identifier_uri":"https://one.example/uris","redirect_uris":["https://x.example/cb"]}"#;
        let other = client("c", r#"{"subject_type":"pairwise","redirect_uris":["https://two.example/cb"]}"#);
        let subject = pairwise.subject(&a, &alice);
        assert_eq!(pairwise.subject(&a, &alice), subject, "stable");
        assert_eq!(pairwise.subject(&same, &alice), subject);
        assert_eq!(pairwise.subject(&client("d", sector), &alice), subject);
        assert_ne!(pairwise.subject(&other, &alice), subject);
        assert_ne!(pairwise.subject(&a, &bob), subject);
        assert_ne!(Pairwise::new(Secret::new([8; 32])).subject(&a, &alice), subject, "not to be computed without the key");
        assert_eq!(&*pairwise.subject(&client("e", "{}"), &alice), alice.as_str());
    }

    #[test]
    fn cib_032_a_client_at_the_backchannel_is_of_the_sector_of_its_keys() {
        let pairwise = Pairwise::new(Secret::new([7; 32]));
        let alice = UserId::from_random([1; 16]);
        let at = |id: &str, uri: &str, grant, sector: &str| {
            let mut client = client(id, &format!(r#"{{"subject_type":"pairwise"{sector}}}"#));
            client.grants = vec![grant];
            client.authentication = Authentication::SelfSigned { keys: ClientKeys::Uri(uri.into()) };
            pairwise.subject(&client, &alice)
        };
        let subject = at("a", "https://one.example/jwks", GrantType::Ciba, "");
        assert_eq!(at("b", "https://one.example/other", GrantType::Ciba, ""), subject);
        assert_ne!(at("c", "https://two.example/jwks", GrantType::Ciba, ""), subject);
        assert_ne!(at("d", "https://one.example/jwks", GrantType::DeviceCode, ""), subject);
        let named = r#","sector_identifier_uri":"https://one.example/uris""#;
        assert_eq!(at("e", "https://two.example/jwks", GrantType::Ciba, named), subject, "the list goes before the keys");
    }

    #[test]
    fn idt_018_a_sid_is_one_per_session_and_client() {
        assert_eq!(sid("s1", "a"), sid("s1", "a"));
        assert_ne!(sid("s1", "a"), sid("s2", "a"));
        assert_ne!(sid("s1", "a"), sid("s1", "b"));
        assert_ne!(sid("s1", "1a"), sid("s11", "a"));
    }
}
