//! People, as decisions and plugins see them.

mod claims;

use std::fmt;

use claimsmith_jose::base64url;
use claimsmith_protocol::time::Timestamp;
use precis_profiles::precis_core::profile::Profile;
use precis_profiles::{UsernameCaseMapped, UsernameCasePreserved};
use serde_json::{Map, Value};

pub use claims::{ClaimRefusal, STANDARD_CLAIMS, check_claims};

/// What every user id begins with. No client is registered under an id that begins like this, so that the `sub` of a person
/// and that of a client never meet (RFC 9700 §4.15).
pub const USER_ID_PREFIX: &str = "usr_";

/// The longest username, in bytes, as it is kept.
pub const USERNAME_MAX: usize = 256;

/// Who a person is, for as long as there are tokens: [`USER_ID_PREFIX`] and 128 random bits. It is the public `sub`, says
/// nothing about the person, and is never given to another (OpenID Connect Core §5.7, §8).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(Box<str>);

/// Why a text is no user id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user id is `{USER_ID_PREFIX}` and 22 characters of base64url")]
pub struct InvalidUserId;

impl UserId {
    /// The id of 128 random bits, which the caller draws.
    pub fn from_random(bits: [u8; 16]) -> Self {
        Self(format!("{USER_ID_PREFIX}{}", base64url::encode(bits)).into())
    }

    /// Takes a text for a user id.
    pub fn parse(text: &str) -> Result<Self, InvalidUserId> {
        let bits = text.strip_prefix(USER_ID_PREFIX).and_then(|rest| base64url::decode(rest).ok());
        match bits {
            Some(bits) if bits.len() == 16 => Ok(Self(text.into())),
            Some(_) | None => Err(InvalidUserId),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 128 bits: the user handle of the person's passkeys (WebAuthn §5.4.3), which says nothing about them either.
    pub fn bits(&self) -> [u8; 16] {
        let decoded = self.0.strip_prefix(USER_ID_PREFIX).and_then(|rest| base64url::decode(rest).ok());
        decoded.and_then(|bits| bits.try_into().ok()).expect("both constructors see to the form")
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl std::ops::Deref for UserId {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

/// Whether a text could be taken for the id of a person: no client may have it.
pub fn looks_like_user_id(text: &str) -> bool {
    text.get(..USER_ID_PREFIX.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(USER_ID_PREFIX))
}

/// What a person types to say who they are: prepared and compared as RFC 8265 §3 has it. An e-mail address is a good one.
#[derive(Debug, Clone)]
pub struct Username {
    shown: Box<str>,
    key: Box<str>,
}

/// Why a text is no username.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a username has 1 to {USERNAME_MAX} bytes of letters, digits and printable ASCII, without spaces (RFC 8265 §3)")]
pub struct InvalidUsername;

impl Username {
    /// Prepares a text; spaces around it are the keyboard's, not the name's.
    pub fn parse(text: &str) -> Result<Self, InvalidUsername> {
        let text = text.trim();
        if text.len() > USERNAME_MAX {
            return Err(InvalidUsername);
        }
        let preserved = |text: &str| UsernameCasePreserved::new().enforce(text.to_owned()).map_err(|_| InvalidUsername);
        let mapped = |text: &str| UsernameCaseMapped::new().enforce(text.to_owned()).map_err(|_| InvalidUsername);
        let (shown, key) = (preserved(text)?, mapped(text)?);
        // Invariant: preparing is done once and for all. A few letters change when they are prepared again (RFC 8264 §7); a name
        // that is read back must be the one that was kept.
        let is_stable = preserved(&shown)? == shown && mapped(&shown)? == key && mapped(&key)? == key;
        if !is_stable || shown.len() > USERNAME_MAX || key.len() > USERNAME_MAX {
            return Err(InvalidUsername);
        }
        Ok(Self { shown: shown.into(), key: key.into() })
    }

    /// The name with its capitals, for people to read.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// What two spellings of one name share, and two names do not.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for Username {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Username {}

impl fmt::Display for Username {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown.fmt(out)
    }
}

/// A person of this server.
#[derive(Debug, Clone)]
pub struct Person {
    /// The public subject.
    pub id: UserId,
    /// What they sign in with. Never the `sub`, and only a claim where an administrator makes it one.
    pub username: Username,
    /// Who is disabled cannot sign in, and their tokens and sessions are inactive.
    pub enabled: bool,
    /// Standard claims (OpenID Connect Core §5.1), a compact JSON object that [`check_claims`] has seen.
    pub claims: Box<str>,
    /// What only plugins and administrators read, a compact JSON object.
    pub attributes: Box<str>,
}

impl Person {
    /// An enabled person of whom nothing is known.
    pub fn new(id: UserId, username: Username) -> Self {
        Self { id, username, enabled: true, claims: "{}".into(), attributes: "{}".into() }
    }

    /// The standard claims, with `updated_at` as the record has it and without what is empty: claims that are unknown are left
    /// out, never null (OpenID Connect Core §5.3.2).
    pub fn standard_claims(&self, updated_at: Timestamp) -> Map<String, Value> {
        let mut claims: Map<String, Value> = serde_json::from_str(&self.claims).unwrap_or_default();
        claims.retain(|_, value| !matches!(value, Value::Null) && value.as_str() != Some(""));
        claims.insert("updated_at".to_owned(), updated_at.seconds().into());
        claims
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_007_a_user_id_is_random_bits_behind_a_prefix_that_no_client_has() {
        let id = UserId::from_random([7; 16]);
        assert_eq!(id.as_str(), "usr_BwcHBwcHBwcHBwcHBwcHBw");
        assert_eq!((UserId::parse(&id), id.bits()), (Ok(id.clone()), [7; 16]));
        assert_ne!(UserId::from_random([8; 16]), id);
        for bad in ["", "usr_", "alice", "BwcHBwcHBwcHBwcHBwcHBw", "usr_BwcHBwcHBwcHBwcHBwcHB", "usr_BwcHBwcHBwcHBwcHBwcHBwA", "usr_*"] {
            assert_eq!(UserId::parse(bad), Err(InvalidUserId), "{bad}");
        }
        assert!(looks_like_user_id(&id) && looks_like_user_id("USR_x") && looks_like_user_id("usr_"));
        assert!(!looks_like_user_id("usr") && !looks_like_user_id("billing") && !looks_like_user_id("ü"));
    }

    #[test]
    fn usernames_are_one_however_they_are_spelt() {
        let key = |text: &str| Username::parse(text).map(|name| name.key().to_owned());
        for same in ["Alice", "alice", " ALICE ", "ＡＬＩＣＥ"] {
            assert_eq!(key(same).as_deref(), Ok("alice"), "{same}");
        }
        // One letter, or a letter and a mark.
        assert_eq!(key("Zo\u{eb}"), key("zoe\u{308}"));
        assert_eq!(key("alice@example.org").as_deref(), Ok("alice@example.org"));
        assert_eq!(Username::parse(" Alice").unwrap().as_str(), "Alice");
        assert_ne!(key("alice"), key("аlice"), "a Cyrillic letter is another");
        for bad in ["", " ", "a b", "a\nb", "a\u{200b}b", "\u{fb01}x", &"x".repeat(USERNAME_MAX + 1)] {
            assert_eq!(Username::parse(bad).err(), Some(InvalidUsername), "{bad:?}");
        }
    }

    #[test]
    fn what_is_empty_is_left_out_and_updated_at_is_the_records() {
        let mut person = Person::new(UserId::from_random([1; 16]), Username::parse("a").unwrap());
        person.claims = r#"{"name":"","email":"a@b.example","updated_at":1,"nickname":null}"#.into();
        let claims = Value::Object(person.standard_claims(Timestamp::from_seconds(7)));
        assert_eq!(claims, serde_json::json!({ "email": "a@b.example", "updated_at": 7 }));
    }
}
