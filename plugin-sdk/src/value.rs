//! JSON values as they travel: scalars and lists of strings typed, everything else as text.

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;

use crate::wire::types::Value;

impl Value {
    /// The JSON value that something serialises to.
    ///
    /// # Errors
    ///
    /// What its `Serialize` answers; a map whose keys are not strings, for instance.
    pub fn of(thing: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_value(thing).map(Self::from)
    }

    /// The JSON `null`. No claim can have this value: remove the claim instead.
    pub fn null() -> Self {
        Self::Json("null".to_owned())
    }

    /// The text, where this is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, where this is one.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(integer) => Some(*integer),
            _ => None,
        }
    }

    /// The truth value, where this is one.
    pub fn as_boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(boolean) => Some(*boolean),
            _ => None,
        }
    }

    /// The list of texts, where this is one.
    pub fn as_texts(&self) -> Option<&[String]> {
        match self {
            Self::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    /// This value as JSON. A number that JSON has no word for (NaN, infinity) is `null`, and so is `json` that is none.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Integer(integer) => (*integer).into(),
            Self::Number(number) => (*number).into(),
            Self::Boolean(boolean) => (*boolean).into(),
            Self::Texts(texts) => texts.as_slice().into(),
            Self::Json(text) => serde_json::from_str(text).unwrap_or_default(),
        }
    }
}

/// Out of a configuration or metadata, without a tree in between: objects and lists of other things than texts stay the text
/// they are. Only [`serde_json`] has that text, and only where it reads from a string, as [`Context`](crate::Context) does.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&'de RawValue>::deserialize(deserializer)?.get();
        let parsed = match text.as_bytes().first() {
            Some(b'"') => serde_json::from_str(text).map(Self::Text),
            Some(b'[') => Ok(serde_json::from_str(text).map_or_else(|_| Self::Json(text.to_owned()), Self::Texts)),
            Some(b'{') => Ok(Self::Json(text.to_owned())),
            _ => serde_json::from_str::<serde_json::Value>(text).map(Self::from),
        };
        parsed.map_err(D::Error::custom)
    }
}

impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Bool(boolean) => Self::Boolean(boolean),
            serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => Self::Integer(integer),
                (None, Some(float)) => Self::Number(float),
                (None, None) => Self::Json(number.to_string()),
            },
            serde_json::Value::Array(items) if items.iter().all(serde_json::Value::is_string) => {
                Self::Texts(items.into_iter().filter_map(text_of).collect())
            }
            other => Self::Json(other.to_string()),
        }
    }
}

fn text_of(json: serde_json::Value) -> Option<String> {
    match json {
        serde_json::Value::String(text) => Some(text),
        _ => None,
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {
        $(impl From<$integer> for Value {
            fn from(integer: $integer) -> Self {
                Self::Integer(integer.into())
            }
        })*
    };
}

from_integers!(i8, i16, i32, i64, u8, u16, u32);

impl From<u64> for Value {
    /// An integer that is too large for 64 bits signed becomes a [`Value::Number`], as any other JSON number does.
    fn from(integer: u64) -> Self {
        i64::try_from(integer).map_or(Self::Number(integer as f64), Self::Integer)
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        Self::Texts(texts)
    }
}

impl From<&[String]> for Value {
    fn from(texts: &[String]) -> Self {
        Self::Texts(texts.to_vec())
    }
}

impl From<&[&str]> for Value {
    fn from(texts: &[&str]) -> Self {
        Self::Texts(texts.iter().map(|&text| text.to_owned()).collect())
    }
}

impl<const N: usize> From<[&str; N]> for Value {
    fn from(texts: [&str; N]) -> Self {
        Self::from(texts.as_slice())
    }
}

impl From<Vec<&str>> for Value {
    fn from(texts: Vec<&str>) -> Self {
        Self::from(texts.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Value;

    #[test]
    fn it_is_read_without_a_tree_and_comes_out_the_same() {
        let text = r#"{"t":"a\u0062\"","i":-5,"u":18446744073709551615,"n":0.5,"b":true,"z":null,"l":["x","y"],"e":[],"m":[1,"x"],"o":{"k":[1, {"d":null}]}}"#;
        let read: std::collections::BTreeMap<String, Value> = serde_json::from_str(text).expect("an object");
        let tree: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).expect("an object");
        assert_eq!(read.len(), tree.len());
        for (name, json) in tree {
            assert_eq!(read[&name].to_json(), Value::from(json.clone()).to_json(), "{name}");
            let kind = |value: &Value| std::mem::discriminant(value);
            assert_eq!(kind(&read[&name]), kind(&Value::from(json)), "{name}");
        }
    }

    #[test]
    fn json_travels_as_the_documentation_says() {
        let cases = [
            (json!("a"), Value::Text("a".into())),
            (json!(i64::MIN), Value::Integer(i64::MIN)),
            (json!(u64::MAX), Value::Number(u64::MAX as f64)),
            (json!(1.0), Value::Number(1.0)),
            (json!(false), Value::Boolean(false)),
            (json!([]), Value::Texts(vec![])),
            (json!(["a", "b"]), Value::from(["a", "b"])),
            (json!(["a", 1]), Value::Json(r#"["a",1]"#.into())),
            (json!({"a": null}), Value::Json(r#"{"a":null}"#.into())),
            (json!(null), Value::null()),
        ];
        for (json, value) in cases {
            assert_eq!(Value::from(json), value);
        }
    }

    #[test]
    fn a_value_answers_the_json_it_was_made_from() {
        for json in [json!("a"), json!(-7), json!(2.5), json!(true), json!(["x"]), json!({"deep": [[{}]]}), json!(null)] {
            assert_eq!(Value::from(json.clone()).to_json(), json);
        }
    }

    #[test]
    fn what_json_cannot_say_is_null() {
        assert_eq!(Value::Number(f64::NAN).to_json(), json!(null));
        assert_eq!(Value::Json("{".into()).to_json(), json!(null));
    }
}
