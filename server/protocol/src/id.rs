//! Identifiers of clients.

use std::fmt;
use std::ops::Deref;

/// The longest client identifier we register, in bytes.
pub const CLIENT_ID_MAX: usize = 256;

/// A `client_id`: 1 to [`CLIENT_ID_MAX`] characters of VSCHAR (RFC 6749 App. A.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(Box<str>);

/// Why a text is no `client_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a client_id has 1 to {CLIENT_ID_MAX} printable ASCII characters")]
pub struct InvalidClientId;

impl ClientId {
    /// Takes a text for a client identifier.
    pub fn parse(text: &str) -> Result<Self, InvalidClientId> {
        let printable = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        if text.is_empty() || text.len() > CLIENT_ID_MAX || !printable {
            return Err(InvalidClientId);
        }
        Ok(Self(text.into()))
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for ClientId {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl std::borrow::Borrow<str> for ClientId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_printable_and_bounded() {
        for good in [" ", "~", "urn:x:1%2", &"c".repeat(CLIENT_ID_MAX)] {
            assert_eq!(ClientId::parse(good).expect("an id").as_str(), good);
        }
        for bad in ["", "\u{1f}", "\u{7f}", "\u{e9}", "a\nb", &"c".repeat(CLIENT_ID_MAX + 1)] {
            assert_eq!(ClientId::parse(bad), Err(InvalidClientId), "{bad:?}");
        }
    }

    #[test]
    fn it_reads_as_its_text() {
        let id = ClientId::parse("demo").expect("an id");
        assert_eq!((id.to_string().as_str(), &*id, std::borrow::Borrow::<str>::borrow(&id)), ("demo", "demo", "demo"));
    }
}
