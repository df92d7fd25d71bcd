//! The headers of a page: what the browser may load, run, frame and post to.

use http::header::{CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};

use super::view::{ClientCard, Link};
use crate::http::Answer;

/// Goes on from the signed-out page although a frame never loads: `Refresh` counts from the moment when all have (HTML §4.2.5.3).
pub(super) const GO_ON: &str = "setTimeout(()=>location.assign(document.getElementById('continue').href),5000)";

/// Its digest, as [`SELF_POST_SOURCE`].
const GO_ON_SOURCE: &str = "'sha256-Ier0HGSx/YI/d9IuWKGjtZEaVrQVtWdXSHtnUzy1lY8='";

/// The other inline script: it posts the form of a `form_post` response.
pub(super) const SELF_POST: &str = "document.forms[0].submit()";

/// Its digest as CSP sources are written (CSP Level 3 §2.3.1). A test computes it.
const SELF_POST_SOURCE: &str = "'sha256-ePniVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE='";

/// What one page needs. It begins with nothing but our own style sheet and images; see the methods for what may be added.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    scripts: Vec<String>,
    images: Vec<String>,
    frames: Vec<String>,
    forms: Vec<String>,
    /// No window that opened the page, or was opened by it, can reach it.
    alone: bool,
    /// The page's forms may lead out of this origin, by redirects.
    leads_out: bool,
}

impl Policy {
    /// With the logo of a client: images of that very origin, `https` only.
    #[must_use]
    pub(super) fn logo(mut self, client: Option<&ClientCard>) -> Policy {
        let logo = client.and_then(|client| client.logo.as_ref()).and_then(|logo| source_of(logo.as_str()));
        self.images.extend(logo.filter(|source| source.starts_with("https://")));
        self
    }

    /// With our module for passkeys, where `needed`.
    #[must_use]
    pub(super) fn module(mut self, needed: bool) -> Policy {
        if needed {
            self.scripts.push("'self'".to_owned());
        }
        self
    }

    /// With the inline script that posts the page's form, and no other.
    #[must_use]
    pub(super) fn self_posting(mut self) -> Policy {
        self.scripts.push(SELF_POST_SOURCE.to_owned());
        self
    }

    /// With the inline script that goes on after a while, where `needed`.
    #[must_use]
    pub(super) fn going_on(mut self, needed: bool) -> Policy {
        if needed {
            self.scripts.push(GO_ON_SOURCE.to_owned());
        }
        self
    }

    /// With frames of these origins.
    #[must_use]
    pub(super) fn frames(mut self, links: &[Link]) -> Policy {
        self.frames.extend(links.iter().filter_map(|link| source_of(link.as_str())));
        self
    }

    /// Forms may be posted, or lead by redirects, to where this URI is and on from there.
    ///
    /// Chromium applies `form-action` to every redirect after a form was posted. The last form of a walk is answered by
    /// a redirect to the client, whose callback often leads on to another origin, which nobody here can know. So
    /// `https:` is allowed, and besides exactly what the target itself needs: an app's scheme, or loopback.
    #[must_use]
    pub(super) fn form_target(mut self, uri: &str) -> Policy {
        self.leads_out = true;
        self.forms.extend(source_of(uri).filter(|source| !source.starts_with("https://")));
        self
    }

    /// Reached by no other window. Not for pages of a walk: a client may have opened them as a pop-up window and waits
    /// for its callback there, to which it would lose the tie for good (HTML §7.1.3.1).
    #[must_use]
    pub(super) const fn alone(mut self) -> Policy {
        self.alone = true;
        self
    }

    /// The policy as a header (CSP Level 3 §3.1). `base-uri` and all that is not named is nothing.
    fn content_security_policy(&self) -> HeaderValue {
        let mut out = String::from("default-src 'none'; style-src 'self'");
        let mut directive = |name: &str, own: &str, sources: &[String]| {
            let mut seen: Vec<&str> = Vec::new();
            for source in std::iter::once(own).chain(sources.iter().map(String::as_str)).filter(|source| !source.is_empty()) {
                if !seen.contains(&source) {
                    seen.push(source);
                }
            }
            if !seen.is_empty() {
                out.push_str("; ");
                out.push_str(name);
                for source in seen {
                    out.push(' ');
                    out.push_str(source);
                }
            }
        };
        directive("script-src", "", &self.scripts);
        directive("img-src", "'self'", &self.images);
        directive("frame-src", "", &self.frames);
        let own = if self.leads_out { "'self' https:" } else { "'self'" };
        directive("form-action", own, &self.forms);
        out.push_str("; frame-ancestors 'none'; base-uri 'none'");
        // Invariant: sources are serialised origins or schemes, which are printable ASCII.
        HeaderValue::from_str(&out).expect("a content security policy is printable")
    }

    /// An answer with all the headers of a page.
    pub(super) fn apply(&self, answer: Answer) -> Answer {
        let fixed = HeaderValue::from_static;
        let answer = answer
            .uncached()
            .with(CONTENT_SECURITY_POLICY, self.content_security_policy())
            .with(X_FRAME_OPTIONS, fixed("DENY"))
            .with(X_CONTENT_TYPE_OPTIONS, fixed("nosniff"))
            .with(REFERRER_POLICY, fixed("no-referrer"))
            .with(VARY, fixed("Accept-Language, Cookie"))
            .with(HeaderName::from_static("cross-origin-resource-policy"), fixed("same-origin"))
            .with(HeaderName::from_static("permissions-policy"), fixed(PERMISSIONS));
        match self.alone {
            true => answer.with(HeaderName::from_static("cross-origin-opener-policy"), fixed("same-origin")),
            false => answer,
        }
    }
}

/// Passkeys for ourselves, and nothing that watches, listens or pays.
const PERMISSIONS: &str = "publickey-credentials-get=(self), publickey-credentials-create=(self), accelerometer=(), \
     camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), \
     serial=(), usb=()";

/// The CSP source of a URI: its origin, or its scheme where it has none.
fn source_of(uri: &str) -> Option<String> {
    let url = url::Url::parse(uri).ok()?;
    match url.origin() {
        // Native apps listen on any port of loopback (RFC 8252 §7.3), and CSP has no IPv6 sources (CSP Level 3 §6.7.2.6).
        url::Origin::Tuple(scheme, host, _) if scheme == "http" && host.to_string() == "[::1]" => Some("http:".to_owned()),
        origin @ url::Origin::Tuple(..) => Some(origin.ascii_serialization()),
        url::Origin::Opaque(_) => Some(format!("{}:", url.scheme())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use claimsmith_jose::Digest;

    fn text(policy: &Policy) -> String {
        policy.content_security_policy().to_str().unwrap().to_owned()
    }

    #[test]
    fn the_inline_scripts_are_known_by_their_digests() {
        for (script, source) in [(SELF_POST, SELF_POST_SOURCE), (GO_ON, GO_ON_SOURCE)] {
            let digest = Digest::of(script.as_bytes()).to_base64url().replace('-', "+").replace('_', "/");
            assert_eq!(source, format!("'sha256-{digest}='"));
        }
    }

    #[test]
    fn a_plain_page_loads_nothing_from_elsewhere_and_runs_nothing() {
        assert_eq!(
            text(&Policy::default()),
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        );
    }

    #[test]
    fn additions_are_exact() {
        let logo = ClientCard {
            name: String::new(),
            logo: Link::web("https://img.example:8443/a.png?x=;script-src"),
            host: None,
            home: None,
            policy: None,
            terms: None,
        };
        let frames: Vec<Link> = ["https://a.example/out?sid=1", "https://a.example/other"].into_iter().filter_map(Link::web).collect();
        let policy = text(&Policy::default().logo(Some(&logo)).module(true).frames(&frames));
        for directive in
            ["img-src 'self' https://img.example:8443;", "script-src 'self';", "frame-src https://a.example;", "form-action 'self';"]
        {
            assert!(policy.contains(directive), "{directive} in {policy}");
        }
        let plain_logo = ClientCard { logo: Link::web("http://localhost/logo.png"), ..logo };
        assert!(text(&Policy::default().logo(Some(&plain_logo))).contains("img-src 'self';"));
    }

    #[test]
    fn forms_lead_to_the_web_and_to_the_target_but_nowhere_else() {
        for (uri, directive) in [
            ("https://client.example/cb", "form-action 'self' https:;"),
            ("com.example.app:/cb", "form-action 'self' https: com.example.app:;"),
            ("http://127.0.0.1:4711/cb", "form-action 'self' https: http://127.0.0.1:4711;"),
            ("http://[::1]:4711/cb", "form-action 'self' https: http:;"),
        ] {
            let policy = text(&Policy::default().form_target(uri));
            assert!(policy.contains(directive), "{directive} in {policy}");
        }
    }
}
