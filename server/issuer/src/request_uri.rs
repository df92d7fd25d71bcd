//! Request objects by reference ([RFC 9101 §5.2](https://www.rfc-editor.org/rfc/rfc9101#section-5.2)): which address may be fetched,
//! and whether what came from there is what was meant. Pure.

use claimsmith_jose::Digest;
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::registration::Registration;

/// The longest `request_uri`, in ASCII characters (RFC 9101 §5.2).
const LENGTH_MAX: usize = 512;

/// An address that the client registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestUri<'a> {
    whole: &'a str,
}

fn bad(description: &'static str) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequestUri, Reason::MalformedRequestObject, description)
}

impl<'a> RequestUri<'a> {
    /// Takes an address that is https, short, and registered to the letter: a client that registered a fragment has to send it
    /// (OpenID Connect Dynamic Client Registration §2).
    pub fn registered(uri: &'a str, registration: &Registration) -> Result<Self, Refusal> {
        if uri.len() > LENGTH_MAX {
            return Err(bad("the request_uri has more than 512 characters"));
        }
        if !uri.starts_with("https://") {
            return Err(bad("the request_uri is not https"));
        }
        if !registration.request_uris.iter().any(|held| **held == *uri) {
            return Err(bad("the request_uri is not one of the client's request_uris"));
        }
        Ok(Self { whole: uri })
    }

    /// Where to fetch from; the fragment stays here.
    pub fn location(&self) -> &'a str {
        self.whole.split_once('#').map_or(self.whole, |(location, _)| location)
    }

    /// Whether the object is the one that the client registered, where it named its digest in the fragment: SHA-256 in base64url
    /// (OpenID Connect Core §6.2).
    pub fn check(&self, object: &[u8]) -> Result<(), Refusal> {
        match self.whole.split_once('#') {
            Some((_, wanted)) if Digest::of(object).to_base64url() != wanted => {
                Err(bad("what was fetched from the request_uri has not the digest in its fragment"))
            }
            _ => Ok(()),
        }
    }
}

/// What is said where nothing could be fetched. Security: not why, for that would map networks.
pub fn unavailable() -> Refusal {
    bad("the request object could not be fetched")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(uri: &str) -> Registration {
        Registration { request_uris: vec![uri.into()], ..Registration::default() }
    }

    #[test]
    fn req_013_only_what_is_registered_https_and_short_is_fetched() {
        let held = registration("https://a.example/object?x=1");
        assert!(RequestUri::registered("https://a.example/object?x=1", &held).is_ok());
        for other in ["https://a.example/object", "https://a.example/object?x=1#x", "https://a.example/object?x=2", "https://b.example/"] {
            assert!(RequestUri::registered(other, &held).is_err(), "{other}");
        }
        for never in ["http://a.example/".to_owned(), format!("https://a.example/{}", "x".repeat(500)), "urn:x".to_owned()] {
            let refusal = RequestUri::registered(&never, &registration(&never)).expect_err("refused");
            assert_eq!(refusal.code, ErrorCode::InvalidRequestUri, "{never}");
        }
    }

    #[test]
    fn req_013_a_fragment_is_the_digest_of_the_object() {
        let uri = format!("https://a.example/object#{}", Digest::of(b"an object").to_base64url());
        let held = registration(&uri);
        let read = RequestUri::registered(&uri, &held).expect("registered");
        assert_eq!(read.location(), "https://a.example/object");
        assert!(read.check(b"an object").is_ok() && read.check(b"another").is_err());
        let bare = registration("https://a.example/object");
        assert!(RequestUri::registered("https://a.example/object", &bare).expect("registered").check(b"anything").is_ok());
    }
}
