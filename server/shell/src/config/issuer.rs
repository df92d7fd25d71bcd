//! The issuer identifier: the one URL everything else hangs on.

use std::fmt;
use std::str::FromStr;
use url::Url;

/// An issuer identifier (RFC 8414 §2): an https URL without query and fragment, in the one spelling that a parser would
/// give it back in, without a slash at its end. Tokens carry it byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    text: Box<str>,
    path_at: usize,
}

impl Issuer {
    /// The identifier as it stands in tokens and metadata.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its path without a slash at the end: empty for an issuer without one.
    pub fn path(&self) -> &str {
        &self.text[self.path_at..]
    }

    /// Scheme, host and port: `https://id.example:8443`.
    pub fn origin(&self) -> &str {
        &self.text[..self.path_at]
    }

    /// Whether it is a server on the machine that it is looked at from.
    pub fn is_localhost(&self) -> bool {
        let host = &self.origin()["https://".len()..];
        host == "localhost" || host.starts_with("localhost:")
    }

    /// The URL of `path` (which begins with a slash) under this issuer.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl FromStr for Issuer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|cause| format!("not a URL ({cause}): write https://host or https://host/path"))?;
        if url.scheme() != "https" {
            return Err("an issuer is always an https URL".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an issuer has neither user nor password".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("an issuer has neither query nor fragment".to_owned());
        }
        // Security: verifiers compare issuers byte for byte, so there is only one way to write one.
        let one_way = url.as_str().trim_end_matches('/');
        if text != one_way {
            return Err(format!("write it as {one_way}"));
        }
        let path_at = text["https://".len()..].find('/').map_or(text.len(), |at| at + "https://".len());
        Ok(Issuer { text: text.into(), path_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dis_002_an_issuer_is_https_and_written_one_way() {
        for bad in [
            "http://id.example",
            "id.example",
            "https://id.example/",
            "https://ID.example",
            "https://id.example:443",
            "https://id.example/a/../b",
            "https://id.example/a/",
            "https://id.example?a=b",
            "https://id.example#a",
            "https://me:pw@id.example",
            "https://id.example ",
            "",
        ] {
            assert!(bad.parse::<Issuer>().is_err(), "{bad}");
        }
        assert_eq!("https://ID.example/a/".parse::<Issuer>(), Err("write it as https://id.example/a".to_owned()));
    }

    #[test]
    fn origin_and_path_make_the_issuer() {
        for (text, origin, path) in
            [("https://localhost:8443", "https://localhost:8443", ""), ("https://id.example/a/b", "https://id.example", "/a/b")]
        {
            let issuer: Issuer = text.parse().expect("well-formed");
            assert_eq!((issuer.origin(), issuer.path(), issuer.as_str()), (origin, path, text));
        }
    }
}
