//! JSON objects as JOSE wants them: every member name at most once, at every depth (RFC 7515 §4, RFC 7519 §4).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Values nested deeper than this are refused.
const MAX_DEPTH: u8 = 32;

/// The bytes are not one JSON object with distinct member names: wrong encoding, syntax, a number beyond range, a
/// duplicate, too deep, or something after the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON object with distinct member names")]
pub struct StrictJsonRefusal;

/// Parses one JSON object in UTF-8. Duplicate member names are refused at every depth, so are numbers that no `f64`
/// holds (`1e400`).
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, StrictJsonRefusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| StrictJsonRefusal)?;
    let mut parser = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0 }.deserialize(&mut parser).map_err(|_| StrictJsonRefusal)?;
    parser.end().map_err(|_| StrictJsonRefusal)?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(StrictJsonRefusal),
    }
}

struct Strict {
    depth: u8,
}

impl Strict {
    fn deeper<E: serde::de::Error>(&self) -> Result<u8, E> {
        if self.depth == MAX_DEPTH { Err(E::custom("too deep")) } else { Ok(self.depth + 1) }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value with distinct member names")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(Strict { depth })? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Strict { depth })?;
            // Security: two parsers that pick different duplicates see two different tokens under one signature.
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jbp_012_duplicate_members_are_refused_at_every_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"b":2}}"#, r#"{"a":[{"b":1,"b":2}]}"#, r#"{"a":1,"\u0061":2}"#] {
            assert!(parse_object(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse_object(br#"{"a":{"a":1},"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn jbp_012_only_utf8_objects_with_finite_numbers() {
        for bytes in [
            &b"{\"a\":\"\xff\"}"[..],
            br#"{"a":"\ud800"}"#,
            b"\xef\xbb\xbf{}",
            br#"{"exp":1e400}"#,
            br#"{"exp":-1e400}"#,
            b"[]",
            b"\"a\"",
            b"null",
            b"",
            b"{} {}",
            b"{}x",
            b"{\"a\":01}",
            b"{'a':1}",
            b"{\"a\":NaN}",
        ] {
            assert!(parse_object(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse_object(nested(31).as_bytes()).is_ok());
        assert!(parse_object(nested(32).as_bytes()).is_err());
        assert!(parse_object(nested(100_000).as_bytes()).is_err());
    }

    #[test]
    fn values_are_kept_as_they_are() {
        let text = r#"{"a":-1,"b":18446744073709551615,"c":1.5,"d":null,"e":[true,"x"],"f":{}}"#;
        let expected: Map<String, Value> = serde_json::from_str(text).unwrap();
        assert_eq!(parse_object(text.as_bytes()).unwrap(), expected);
    }
}
