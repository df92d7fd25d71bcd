//! Response types and response modes of the authorization endpoint (OAuth 2.0 Multiple Response Type Encoding Practices, OAuth
//! 2.0 Form Post Response Mode, JARM).

use serde::{Deserialize, Serialize};

/// A `response_type`: a set of words, in whatever order they are sent (Multiple Response Types §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum ResponseType {
    /// `code`: the authorization code flow.
    Code,
    /// `id_token`: an ID token from the authorization endpoint.
    IdToken,
    /// `id_token token`.
    IdTokenToken,
    /// `token`: OAuth's implicit flow.
    Token,
    /// `code id_token`: hybrid.
    CodeIdToken,
    /// `code token`: hybrid.
    CodeToken,
    /// `code id_token token`: hybrid.
    CodeIdTokenToken,
    /// `none`: nothing but the answer itself.
    None,
}

impl ResponseType {
    /// Every response type this server knows.
    pub const ALL: [Self; 8] = [
        Self::Code,
        Self::IdToken,
        Self::IdTokenToken,
        Self::Token,
        Self::CodeIdToken,
        Self::CodeToken,
        Self::CodeIdTokenToken,
        Self::None,
    ];

    /// Its words in the order of the specifications.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::IdToken => "id_token",
            Self::IdTokenToken => "id_token token",
            Self::Token => "token",
            Self::CodeIdToken => "code id_token",
            Self::CodeToken => "code token",
            Self::CodeIdTokenToken => "code id_token token",
            Self::None => "none",
        }
    }

    /// Reads a set of words.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words: Vec<&str> = text.split(' ').collect();
        words.sort_unstable();
        Self::ALL.into_iter().find(|known| {
            let mut own: Vec<&str> = known.as_str().split(' ').collect();
            own.sort_unstable();
            own == words
        })
    }

    /// Whether an authorization code is part of the answer.
    pub const fn has_code(self) -> bool {
        matches!(self, Self::Code | Self::CodeIdToken | Self::CodeToken | Self::CodeIdTokenToken)
    }

    /// Whether an ID token is part of the answer.
    pub const fn has_id_token(self) -> bool {
        matches!(self, Self::IdToken | Self::IdTokenToken | Self::CodeIdToken | Self::CodeIdTokenToken)
    }

    /// Whether an access token is part of the answer.
    pub const fn has_token(self) -> bool {
        matches!(self, Self::Token | Self::IdTokenToken | Self::CodeToken | Self::CodeIdTokenToken)
    }

    /// Whether tokens travel through the browser: never in OAuth 2.1 and FAPI.
    pub const fn is_front_channel(self) -> bool {
        self.has_id_token() || self.has_token()
    }

    /// Where the answer travels when nobody says: the fragment when tokens are in it (Multiple Response Types §5).
    pub const fn default_mode(self) -> Carrier {
        if self.is_front_channel() { Carrier::Fragment } else { Carrier::Query }
    }
}

impl TryFrom<String> for ResponseType {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text).ok_or("is no response type that this server knows")
    }
}

impl From<ResponseType> for &'static str {
    fn from(response_type: ResponseType) -> Self {
        response_type.as_str()
    }
}

/// What carries the parameters of an authorization response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// The query of the redirect URI.
    Query,
    /// Its fragment.
    Fragment,
    /// A form that the browser posts to it.
    FormPost,
}

/// How an authorization response travels: its carrier, and whether its parameters are signed (JARM §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ResponseMode {
    /// What carries it.
    pub carrier: Carrier,
    /// One JWT instead of plain parameters.
    pub signed: bool,
}

impl ResponseMode {
    /// The names that `response_mode` may have; `jwt` stands for the signed default.
    pub const NAMES: [&'static str; 7] = ["query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"];

    /// Reads `response_mode`; `jwt` is the signed form of the response type's default (JARM §2.3.4).
    pub fn parse(text: &str, response_type: ResponseType) -> Option<Self> {
        let (carrier, signed) = match text {
            "query" => (Carrier::Query, false),
            "fragment" => (Carrier::Fragment, false),
            "form_post" => (Carrier::FormPost, false),
            "jwt" => (response_type.default_mode(), true),
            "query.jwt" => (Carrier::Query, true),
            "fragment.jwt" => (Carrier::Fragment, true),
            "form_post.jwt" => (Carrier::FormPost, true),
            _ => return None,
        };
        Some(Self { carrier, signed })
    }

    /// The mode of a response type when nobody says.
    pub const fn default_of(response_type: ResponseType) -> Self {
        Self { carrier: response_type.default_mode(), signed: false }
    }

    /// The name of the mode.
    pub const fn as_str(self) -> &'static str {
        match (self.carrier, self.signed) {
            (Carrier::Query, false) => "query",
            (Carrier::Fragment, false) => "fragment",
            (Carrier::FormPost, false) => "form_post",
            (Carrier::Query, true) => "query.jwt",
            (Carrier::Fragment, true) => "fragment.jwt",
            (Carrier::FormPost, true) => "form_post.jwt",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auz_008_a_response_type_is_a_set() {
        assert_eq!(ResponseType::parse("id_token code"), Some(ResponseType::CodeIdToken));
        assert_eq!(ResponseType::parse("token id_token code"), Some(ResponseType::CodeIdTokenToken));
        for text in ["", "code code", "code  id_token", "Code", "code none", "device", " code"] {
            assert_eq!(ResponseType::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn hyb_002_the_default_mode_is_the_fragment_where_tokens_travel() {
        for response_type in ResponseType::ALL {
            let query = matches!(response_type, ResponseType::Code | ResponseType::None);
            assert_eq!(response_type.default_mode(), if query { Carrier::Query } else { Carrier::Fragment }, "{response_type:?}");
        }
    }

    #[test]
    fn jrm_002_jwt_is_the_signed_default() {
        let mode = |response_type| ResponseMode::parse("jwt", response_type).expect("known").as_str();
        assert_eq!([mode(ResponseType::Code), mode(ResponseType::IdToken)], ["query.jwt", "fragment.jwt"]);
    }

    #[test]
    fn auz_024_and_hyb_010_unknown_modes_are_none() {
        for text in ["", "foo", "web_message", "QUERY", "query.jws"] {
            assert_eq!(ResponseMode::parse(text, ResponseType::Code), None, "{text:?}");
        }
        for name in ResponseMode::NAMES.into_iter().filter(|name| *name != "jwt") {
            assert_eq!(ResponseMode::parse(name, ResponseType::Code).map(ResponseMode::as_str), Some(name));
        }
    }
}
