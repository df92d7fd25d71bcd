//! Whether text is one JSON document that every parser reads alike. No tree is built.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// Values nested deeper than this are refused.
pub(crate) const MAX_DEPTH: u8 = 16;

/// Checks that `text` is one JSON document: nested at most 16 deep, member names distinct, numbers finite.
/// `Err` says what is wrong, without a word of the text.
pub(crate) fn check(text: &str) -> Result<(), &'static str> {
    check_from(text, MAX_DEPTH)
}

/// As [`check`], for documents of our own making around such values: eight levels more.
pub(crate) fn check_deep(text: &str) -> Result<(), &'static str> {
    check_from(text, MAX_DEPTH + 8)
}

fn check_from(text: &str, depth: u8) -> Result<(), &'static str> {
    let mut parser = serde_json::Deserializer::from_str(text);
    Check { left: depth }
        .deserialize(&mut parser)
        .and_then(|()| parser.end())
        .map_err(|_| "not a JSON document with distinct member names and finite numbers, or nested too deep")
}

/// Makes checked JSON text compact: no white space between tokens. Strings stay as they are.
pub(crate) fn compact(text: Box<str>) -> Box<str> {
    if !text.bytes().any(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
        return text;
    }
    let (mut inside, mut escaped) = (false, false);
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if inside || !matches!(character, ' ' | '\t' | '\n' | '\r') {
            out.push(character);
        }
        match (inside, escaped, character) {
            (true, true, _) => escaped = false,
            (true, false, '\\') => escaped = true,
            (_, _, '"') => inside = !inside,
            _ => {}
        }
    }
    out.into_boxed_str()
}

struct Check {
    /// Levels that may follow.
    left: u8,
}

impl Check {
    fn deeper<E: serde::de::Error>(&self) -> Result<u8, E> {
        self.left.checked_sub(1).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Check {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Check {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        if number.is_finite() { Ok(()) } else { Err(E::custom("not finite")) }
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let left = self.deeper::<A::Error>()?;
        while items.next_element_seed(Check { left })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let left = self.deeper::<A::Error>()?;
        let mut names = Names::default();
        while let Some(name) = members.next_key_seed(Name)? {
            // Security: two parsers that pick different duplicates see two different tokens under one signature.
            if !names.is_new(name) {
                return Err(A::Error::custom("duplicate member"));
            }
            members.next_value_seed(Check { left })?;
        }
        Ok(())
    }
}

/// The names of one object so far. Most objects are small: only from some size on a look-up is worth its hashes.
#[derive(Default)]
struct Names<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Names<'de> {
    fn is_new(&mut self, name: Cow<'de, str>) -> bool {
        if self.few.len() < 16 {
            let is_new = !self.few.contains(&name);
            self.few.push(name);
            return is_new;
        }
        !self.few.contains(&name) && self.many.insert(name)
    }
}

/// A member's name, borrowed where it has no escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a member's name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_refused_at_every_depth_and_under_escapes() {
        for text in [r#"{"a":1,"a":2}"#, r#"[{"b":{"a":1,"a":2}}]"#, r#"{"a":1,"\u0061":2}"#] {
            assert!(check(text).is_err(), "{text}");
        }
        assert!(check(r#"{"a":{"a":1},"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn duplicates_are_refused_among_few_and_among_many() {
        let object = |count: usize, last: usize| {
            let members: Vec<String> = (0..count).chain([last]).map(|number| format!("\"m{number}\":1")).collect();
            format!("{{{}}}", members.join(","))
        };
        for count in [1, 15, 16, 17, 40] {
            assert!(check(&object(count, count)).is_ok(), "{count}");
            for twice in [0, count / 2, count - 1] {
                assert!(check(&object(count, twice)).is_err(), "{count} {twice}");
            }
        }
    }

    #[test]
    fn depth_ends_at_sixteen() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(check(&nested(16)).is_ok());
        assert!(check(&nested(17)).is_err());
        assert!(check(&nested(30_000)).is_err());
    }

    #[test]
    fn only_whole_documents() {
        for text in ["", "{", "{}x", "1 2", "NaN", "1e999", "'a'", r#""\ud800""#, "01"] {
            assert!(check(text).is_err(), "{text}");
        }
        for text in ["null", "1", "\"a\"", " [1, 2.5, {\"a\": null}] "] {
            assert!(check(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn blanks_go_outside_strings_only() {
        let text = "{ \"a b\" :\n[1,\t\"\\\" c\\\\\" , 2] }";
        assert_eq!(&*compact(text.into()), "{\"a b\":[1,\"\\\" c\\\\\",2]}");
        assert_eq!(&*compact("{\"a b\":1}".into()), "{\"a b\":1}");
    }
}
