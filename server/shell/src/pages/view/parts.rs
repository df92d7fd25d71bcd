//! What several pages have in common.

use serde::Serialize;
use std::borrow::Cow;

/// Where a page's forms go, and the hidden fields in them.
#[derive(Clone, Serialize)]
pub struct Form {
    /// The URL or path that forms are posted to.
    pub action: String,
    /// The flow, where the page belongs to one.
    pub flow: Option<String>,
    /// The token against forged forms.
    pub csrf: String,
}

/// A URL that may stand in a page: absolute, and of no scheme that runs something or shows what it carries itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Link(String);

impl Link {
    /// A page on the web: `https`, or `http` to this very machine. `None` for anything else.
    pub fn web(text: &str) -> Option<Link> {
        let url = url::Url::parse(text).ok().filter(|url| url.has_host())?;
        let loopback = || matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        // Security: a client's metadata must not become a script in our origin.
        (url.scheme() == "https" || url.scheme() == "http" && loopback()).then(|| Link(url.into()))
    }

    /// A URI that was vetted as a redirect target; also of an app's own scheme. `None` for schemes that a browser runs.
    pub fn vetted(text: &str) -> Option<Link> {
        let url = url::Url::parse(text).ok()?;
        let runs = matches!(url.scheme(), "javascript" | "data" | "vbscript" | "blob" | "file" | "about" | "filesystem" | "view-source");
        (!runs).then(|| Link(text.to_owned()))
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A client as people see it.
#[derive(Debug, Clone, Serialize)]
pub struct ClientCard {
    /// Its name, or its id where it has none.
    pub name: String,
    /// Its logo; shown where it is `https`.
    pub logo: Option<Link>,
    /// Where what it says of itself stands, where nobody here has looked at it.
    pub host: Option<String>,
    /// Its home page.
    pub home: Option<Link>,
    /// Its privacy policy.
    pub policy: Option<Link>,
    /// Its terms of service.
    pub terms: Option<Link>,
}

/// Who is signed in, or about to be.
#[derive(Debug, Clone, Serialize)]
pub struct Account {
    /// How the person names the account: a user name or an email address.
    pub identifier: String,
    /// The person's name.
    pub name: Option<String>,
}

/// A hidden field of a form that is posted elsewhere.
#[derive(Clone, Serialize)]
pub struct FormField {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: String,
}

/// What a browser hands to the authenticator: the JSON form of WebAuthn's options, its `publicKey` member unwrapped.
#[derive(Clone, Serialize)]
pub struct PasskeyAsk {
    /// `PublicKeyCredentialRequestOptionsJSON` or `PublicKeyCredentialCreationOptionsJSON` (WebAuthn Level 3 §5.1.8, §5.1.9).
    pub options: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_run_nothing() {
        for bad in ["javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "data:text/html,x", "vbscript:x", "/relative", ""]
        {
            assert_eq!((Link::web(bad), Link::vetted(bad)), (None, None), "{bad}");
        }
        assert_eq!(Link::web("http://client.example/"), None);
        assert_eq!(Link::web("com.example.app:/done"), None);
        assert!(Link::web("https://client.example/policy").is_some());
        assert!(Link::web("http://127.0.0.1:3000/").is_some());
        assert!(Link::vetted("com.example.app:/done").is_some());
    }
}
