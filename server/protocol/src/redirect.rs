//! Redirect URIs: what may be registered, and which request is answered there.
//!
//! `Requested` text becomes a [`Vetted`] redirect URI only by being one that the client has registered; nothing else can be
//! redirected to.

use url::{Host, Url};

/// The longest redirect URI, in bytes.
pub const LENGTH_MAX: usize = 2048;

/// What kind of program a client is (OpenID Connect Dynamic Client Registration §2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// Runs on a server or in a browser: https, but for loopback addresses during development.
    #[default]
    Web,
    /// Runs on a person's device (RFC 8252): loopback addresses, private-use schemes, claimed https.
    Native,
}

/// Why a text cannot be registered as a redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedirectUri {
    /// No absolute URI, or too long.
    #[error("must be an absolute URI of at most {LENGTH_MAX} bytes, percent-encoded where needed")]
    Syntax,
    /// RFC 6749 §3.1.2.
    #[error("must not have a fragment")]
    Fragment,
    /// Nothing in a user part is safe to show or to compare.
    #[error("must not have a user name or a password")]
    UserInfo,
    /// RFC 9700 §4.1, RFC 8252 §8.4.
    #[error("must not have a scheme that browsers run or read files by")]
    DangerousScheme,
    /// `http` leaves the machine in clear.
    #[error("must be https; http is only for 127.0.0.1, [::1] and localhost")]
    Insecure,
    /// RFC 8252 §7.1.
    #[error("a private-use scheme is for native applications, and is a domain name in reverse: com.example.app:/callback")]
    PrivateScheme,
    /// Wildcards are how redirect URIs get stolen (RFC 9700 §4.1.3).
    #[error("must not have wildcards: it is compared character by character")]
    Wildcard,
}

/// Checks a redirect URI for registration.
///
/// Compared later character by character ([RFC 9700 §4.1.3](https://www.rfc-editor.org/rfc/rfc9700#section-4.1.3)), so it is
/// kept as it is.
pub fn check(text: &str, application: ApplicationType) -> Result<(), InvalidRedirectUri> {
    let printable = text
        .bytes()
        .all(|byte| (0x21..=0x7e).contains(&byte) && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'));
    if text.is_empty() || text.len() > LENGTH_MAX || !printable {
        return Err(InvalidRedirectUri::Syntax);
    }
    let uri = Url::parse(text).map_err(|_| InvalidRedirectUri::Syntax)?;
    // Security: only a text that two parsers read alike; the browser has its own.
    if text.contains('#') {
        return Err(InvalidRedirectUri::Fragment);
    }
    if !uri.username().is_empty() || uri.password().is_some() || authority(text).is_some_and(|authority| authority.contains('@')) {
        return Err(InvalidRedirectUri::UserInfo);
    }
    if text.contains('*') {
        return Err(InvalidRedirectUri::Wildcard);
    }
    match uri.scheme() {
        "javascript" | "data" | "vbscript" | "file" | "blob" | "about" | "filesystem" | "view-source" | "ws" | "wss" | "ftp" => {
            Err(InvalidRedirectUri::DangerousScheme)
        }
        "https" => uri.has_host().then_some(()).ok_or(InvalidRedirectUri::Syntax),
        "http" if is_loopback(&uri) || (application == ApplicationType::Web && uri.host_str() == Some("localhost")) => Ok(()),
        "http" => Err(InvalidRedirectUri::Insecure),
        scheme if application == ApplicationType::Native && scheme.contains('.') => Ok(()),
        _ => Err(InvalidRedirectUri::PrivateScheme),
    }
}

fn authority(text: &str) -> Option<&str> {
    let rest = text.split_once("//")?.1;
    rest.split(['/', '?']).next()
}

fn is_loopback(uri: &Url) -> bool {
    match uri.host() {
        Some(Host::Ipv4(address)) => address.octets() == [127, 0, 0, 1],
        Some(Host::Ipv6(address)) => address.segments() == [0, 0, 0, 0, 0, 0, 0, 1],
        Some(Host::Domain(_)) | None => false,
    }
}

/// A redirect URI that the client has registered: the only place an authorization response is sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vetted(Box<str>);

impl Vetted {
    /// Vets what a request names: it must be one of `registered`, character by character; of an `http` URI with a loopback
    /// address, the port may be any ([RFC 8252 §7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)).
    pub fn vet(requested: &str, registered: &[Box<str>]) -> Option<Self> {
        let good =
            requested.len() <= LENGTH_MAX && registered.iter().any(|held| **held == *requested || differs_in_port_only(held, requested));
        good.then(|| Self(requested.into()))
    }

    /// The one registered URI, for a request that names none.
    pub fn only(registered: &[Box<str>]) -> Option<Self> {
        match registered {
            [only] => Some(Self(only.clone())),
            _ => None,
        }
    }

    /// Keeps what was vetted before and has lain in the server's own records since.
    pub fn from_records(text: Box<str>) -> Self {
        Self(text)
    }

    /// The URI, as it was requested.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme, host and port, for a content security policy and for session management.
    pub fn origin(&self) -> String {
        Url::parse(&self.0).map_or_else(|_| "null".to_owned(), |uri| uri.origin().ascii_serialization())
    }

    /// With parameters in the query, behind what is there already.
    pub fn with_query(&self, parameters: &[(&str, &str)]) -> String {
        let glue = match self.0.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        format!("{}{glue}{}", self.0, encode(parameters))
    }

    /// With parameters as the fragment.
    pub fn with_fragment(&self, parameters: &[(&str, &str)]) -> String {
        format!("{}#{}", self.0, encode(parameters))
    }
}

fn encode(parameters: &[(&str, &str)]) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    out.extend_pairs(parameters);
    out.finish()
}

fn differs_in_port_only(registered: &str, requested: &str) -> bool {
    let split = |text: &str| -> Option<(&'static str, Option<u16>, String)> {
        for prefix in ["http://127.0.0.1", "http://[::1]"] {
            let Some(rest) = text.strip_prefix(prefix) else { continue };
            let (port, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            let port = match port.strip_prefix(':') {
                Some(digits) if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) => Some(digits.parse().ok()?),
                Some(_) => return None,
                None if port.is_empty() => None,
                None => return None,
            };
            return Some((prefix, port, path.to_owned()));
        }
        None
    };
    match (split(registered), split(requested)) {
        (Some((host, _, path)), Some((other_host, _, other_path))) => host == other_host && path == other_path,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vet(requested: &str, registered: &[&str]) -> bool {
        let registered: Vec<Box<str>> = registered.iter().map(|uri| (*uri).into()).collect();
        Vetted::vet(requested, &registered).is_some()
    }

    #[test]
    fn auz_003_redirect_uris_are_compared_character_by_character() {
        let registered = "https://app.example/cb?x=1";
        assert!(vet(registered, &[registered]));
        for other in [
            "https://app.example/cb",
            "https://app.example/cb?x=1&y=2",
            "https://app.example/cb?x=1#f",
            "https://app.example/cb/?x=1",
            "https://app.example/a/../cb?x=1",
            "https://app.example/CB?x=1",
            "https://APP.example/cb?x=1",
            "HTTPS://app.example/cb?x=1",
            "https://app.example:443/cb?x=1",
            "https://app.example/c%62?x=1",
            "https://user@app.example/cb?x=1",
            "http://app.example/cb?x=1",
            "https://app.example/cb?x=1 ",
        ] {
            assert!(!vet(other, &[registered]), "{other}");
        }
    }

    #[test]
    fn auz_004_a_loopback_address_may_have_any_port() {
        for registered in ["http://127.0.0.1/cb", "http://127.0.0.1:8000/cb"] {
            assert!(vet("http://127.0.0.1:51234/cb", &[registered]));
            assert!(vet("http://127.0.0.1/cb", &[registered]));
            for other in [
                "http://127.0.0.1:51234/other",
                "http://localhost:51234/cb",
                "http://[::1]:51234/cb",
                "http://127.0.0.1:51234@evil.example/cb",
                "http://127.0.0.1.evil.example/cb",
                "http://127.0.0.1:x/cb",
                "http://127.0.0.1:99999/cb",
                "https://127.0.0.1:51234/cb",
            ] {
                assert!(!vet(other, &[registered]), "{other}");
            }
        }
        assert!(vet("http://[::1]:9/cb", &["http://[::1]/cb"]));
        assert!(!vet("http://localhost:9/cb", &["http://localhost/cb"]));
    }

    #[test]
    fn auz_006_a_query_of_the_clients_own_stays() {
        let uri = Vetted::from_records("https://app.example/cb?foo=bar".into());
        assert_eq!(uri.with_query(&[("code", "a b&c"), ("state", "\u{e4}")]), "https://app.example/cb?foo=bar&code=a+b%26c&state=%C3%A4");
        let plain = Vetted::from_records("https://app.example/cb".into());
        assert_eq!(plain.with_query(&[("code", "x")]), "https://app.example/cb?code=x");
        assert_eq!(plain.with_fragment(&[("code", "x")]), "https://app.example/cb#code=x");
    }

    #[test]
    fn auz_031_dangerous_schemes_cannot_be_registered() {
        for uri in [
            "javascript:alert(1)",
            "JavaScript://app.example/%0aalert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://a.example/x",
        ] {
            for application in [ApplicationType::Web, ApplicationType::Native] {
                assert_eq!(check(uri, application), Err(InvalidRedirectUri::DangerousScheme), "{uri}");
            }
        }
    }

    #[test]
    fn auz_032_a_private_use_scheme_is_a_reversed_domain_of_a_native_application() {
        assert_eq!(check("com.example.app:/cb", ApplicationType::Native), Ok(()));
        assert_eq!(check("myapp:/cb", ApplicationType::Native), Err(InvalidRedirectUri::PrivateScheme));
        assert_eq!(check("com.example.app:/cb", ApplicationType::Web), Err(InvalidRedirectUri::PrivateScheme));
    }

    #[test]
    fn what_may_be_registered() {
        for good in [
            "https://app.example/cb",
            "https://app.example/cb?x=1",
            "http://127.0.0.1/cb",
            "http://[::1]:3000/cb",
            "http://localhost:3000/cb",
        ] {
            assert_eq!(check(good, ApplicationType::Web), Ok(()), "{good}");
        }
        assert_eq!(check("http://localhost/cb", ApplicationType::Native), Err(InvalidRedirectUri::Insecure));
        for (bad, why) in [
            ("", InvalidRedirectUri::Syntax),
            ("/cb", InvalidRedirectUri::Syntax),
            ("https://app.example/c b", InvalidRedirectUri::Syntax),
            ("https://app.example/cb#", InvalidRedirectUri::Fragment),
            ("https://u:p@app.example/cb", InvalidRedirectUri::UserInfo),
            ("https://@app.example/cb", InvalidRedirectUri::UserInfo),
            ("http://app.example/cb", InvalidRedirectUri::Insecure),
            ("http://127.0.0.2/cb", InvalidRedirectUri::Insecure),
            ("https://*.app.example/cb", InvalidRedirectUri::Wildcard),
        ] {
            assert_eq!(check(bad, ApplicationType::Web), Err(why), "{bad}");
        }
        assert_eq!(
            check(&format!("https://app.example/{}", "x".repeat(LENGTH_MAX)), ApplicationType::Web),
            Err(InvalidRedirectUri::Syntax)
        );
    }

    #[test]
    fn auz_005_only_a_single_registered_uri_may_be_left_out() {
        let one: [Box<str>; 1] = ["https://a.example/cb".into()];
        assert_eq!(Vetted::only(&one).expect("one").as_str(), "https://a.example/cb");
        assert!(Vetted::only(&[]).is_none() && Vetted::only(&[one[0].clone(), "https://b.example/cb".into()]).is_none());
    }
}
