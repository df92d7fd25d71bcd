//! An answer, and what the requirements call `OKT` and `ERR`.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header's value; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// A successful token response: 200, JSON, `no-store`, `access_token`, `token_type`, a positive `expires_in`. Returns the
    /// access token.
    pub fn okt(&self) -> String {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.header("cache-control"), "no-store");
        let json = self.json();
        assert!(json["expires_in"].as_u64().is_some_and(|seconds| seconds > 0), "{json}");
        assert_eq!(json["token_type"], "Bearer");
        json["access_token"].as_str().expect("an access token").to_owned()
    }

    /// An error with status 400.
    pub fn err(&self, code: &str) {
        self.err_with(code, 400);
    }

    /// An error: status, JSON, `no-store`, the code, no token, and descriptions in their characters.
    pub fn err_with(&self, code: &str, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/json", "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
        assert_eq!(self.header("location"), "");
        let json = self.json();
        assert_eq!(json["error"], code, "{json}");
        for member in ["access_token", "token_type", "refresh_token", "id_token"] {
            assert!(json.get(member).is_none(), "{json}");
        }
        for member in ["error", "error_description"] {
            let text = json[member].as_str().unwrap_or_default();
            assert!(text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{text:?}");
        }
    }
}
