//! The parameters of an authorization request, from wherever they came.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::form::Form;

/// The parameters in their order, empty ones left out (RFC 6749 §3.1). What the database keeps of a request is this: it is judged
/// again whenever it is used, so that what has changed since counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters(Vec<(Box<str>, Box<str>)>);

/// Why a request object says nothing that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a member of the request object has the wrong type")]
pub struct InvalidObject;

/// Claims of a request object that are about the object (RFC 9101 §4, RFC 7519 §4.1).
const OF_THE_OBJECT: [&str; 7] = ["iss", "aud", "exp", "nbf", "iat", "jti", "sub"];

impl Parameters {
    /// Those of a query or a body.
    pub fn of_form(form: &Form<'_>) -> Self {
        Self(form.pairs().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// Those of a request object ([RFC 9101 §4](https://www.rfc-editor.org/rfc/rfc9101#section-4)): strings, but `max_age` is a number
    /// (a string of digits is read too), `claims` an object, `authorization_details` an array, `resource` a string or an array of them.
    pub fn of_object(object: &Map<String, Value>) -> Result<Self, InvalidObject> {
        let mut pairs = Vec::with_capacity(object.len());
        for (name, value) in object.iter().filter(|(name, _)| !OF_THE_OBJECT.contains(&name.as_str())) {
            let mut push = |value: &str| pairs.push((Box::<str>::from(name.as_str()), Box::<str>::from(value)));
            match (name.as_str(), value) {
                ("claims", Value::Object(_)) | ("authorization_details", Value::Array(_)) => push(&value.to_string()),
                ("claims" | "authorization_details", _) => return Err(InvalidObject),
                ("resource", Value::Array(several)) => {
                    for one in several {
                        push(one.as_str().ok_or(InvalidObject)?);
                    }
                }
                ("max_age" | "requested_expiry", Value::Number(number)) => push(&number.to_string()),
                (_, Value::String(text)) => push(text),
                // Members that nobody knows may be anything (RFC 6749 §3.1).
                _ if KNOWN.contains(&name.as_str()) => return Err(InvalidObject),
                _ => {}
            }
        }
        pairs.retain(|(_, value)| !value.is_empty());
        Ok(Self(pairs))
    }

    /// A parameter's value.
    pub fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(held, _)| **held == *name).map(|(_, value)| value.as_ref())
    }

    /// The values of a parameter that may be repeated.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.0.iter().filter(move |(held, _)| **held == *name).map(|(_, value)| value.as_ref())
    }

    /// All of them.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// The name of a parameter that stands more than once, those in `repeatable` excepted.
    pub fn repeated(&self, repeatable: &[&str]) -> Option<&str> {
        let twice = |index: usize, name: &str| self.0[..index].iter().any(|(held, _)| **held == *name);
        let mut named = self.0.iter().enumerate().filter(|(_, (name, _))| !repeatable.contains(&name.as_ref()));
        named.find(|(index, (name, _))| twice(*index, name)).map(|(_, (name, _))| name.as_ref())
    }

    /// Only the parameters of these names.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(name, _)| names.contains(&name.as_ref())).cloned().collect())
    }

    /// Without the parameters of these names.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(name, _)| !names.contains(&name.as_ref())).cloned().collect())
    }

    /// With one more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }

    /// Reads what [`Self::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// As JSON.
    pub fn to_text(&self) -> String {
        // Invariant: pairs of strings can always be written.
        serde_json::to_string(self).expect("parameters can be written as JSON")
    }
}

/// The parameters that mean something to us; all of them are strings in a request object.
const KNOWN: [&str; 22] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "response_mode",
    "nonce",
    "display",
    "prompt",
    "max_age",
    "ui_locales",
    "claims_locales",
    "id_token_hint",
    "login_hint",
    "acr_values",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "resource",
    "registration",
    "request",
    "request_uri",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Result<Parameters, InvalidObject> {
        let Ok(Value::Object(members)) = serde_json::from_str(text) else { panic!("an object") };
        Parameters::of_object(&members)
    }

    #[test]
    fn req_017_members_of_a_request_object_have_their_types() {
        let read = object(
            r#"{"iss":"c","exp":1,"max_age":60,"claims":{"id_token":{}},"authorization_details":[{"type":"a"}],"scope":"openid","x":[1]}"#,
        );
        let read = read.expect("good");
        assert_eq!(
            [read.one("max_age"), read.one("claims"), read.one("authorization_details"), read.one("scope"), read.one("x"), read.one("exp")],
            [Some("60"), Some(r#"{"id_token":{}}"#), Some(r#"[{"type":"a"}]"#), Some("openid"), None, None]
        );
        for bad in [
            r#"{"claims":"{}"}"#,
            r#"{"authorization_details":{}}"#,
            r#"{"scope":["a"]}"#,
            r#"{"resource":[1]}"#,
            r#"{"state":1}"#,
            r#"{"max_age":{}}"#,
        ] {
            assert_eq!(object(bad), Err(InvalidObject), "{bad}");
        }
    }

    #[test]
    fn res_008_several_resources_are_an_array() {
        let read = object(r#"{"resource":["https://a.example","https://b.example"]}"#).expect("good");
        assert_eq!(read.all("resource").collect::<Vec<_>>(), ["https://a.example", "https://b.example"]);
        assert_eq!(read.repeated(&["resource"]), None);
        assert_eq!(read.repeated(&[]), Some("resource"));
    }

    #[test]
    fn they_survive_the_way_there_and_back() {
        let read = object(r#"{"scope":"a b","state":"\u00e4\""}"#).expect("good");
        assert_eq!(Parameters::from_text(&read.to_text()), Some(read));
    }
}
