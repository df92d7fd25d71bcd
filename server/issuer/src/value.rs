//! JSON values as claims carry them: scalars and lists of strings typed, everything else as checked JSON text.
//!
//! A claim is written far more often than it is looked into, so nested JSON stays text from the plugin's answer to the
//! signed payload and is never built as a tree.

use std::borrow::Cow;

/// A JSON value of a claim, a header member or a response member.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string.
    Text(Box<str>),
    /// An integer.
    Integer(i64),
    /// A finite number; never NaN or infinite.
    Number(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// An array of strings.
    Texts(Vec<Box<str>>),
    /// Any other JSON document, as compact text that has been checked to be one.
    Json(Box<str>),
}

impl Value {
    /// Appends the value as JSON.
    pub fn render(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => render_string(text, out),
            Self::Integer(number) => render_integer(*number, out),
            Self::Number(number) => match serde_json::Number::from_f64(*number) {
                Some(number) => out.extend_from_slice(number.to_string().as_bytes()),
                None => out.extend_from_slice(b"null"),
            },
            Self::Boolean(true) => out.extend_from_slice(b"true"),
            Self::Boolean(false) => out.extend_from_slice(b"false"),
            Self::Texts(texts) => render_strings(texts.iter().map(AsRef::as_ref), out),
            Self::Json(text) => out.extend_from_slice(text.as_bytes()),
        }
    }

    /// The value as JSON text.
    pub fn to_json(&self) -> String {
        let mut out = Vec::new();
        self.render(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into_boxed_str())
    }
}

/// A name with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The member's name.
    pub name: Cow<'static, str>,
    /// The member's value.
    pub value: Value,
}

impl Member {
    /// A member of a name that is known when the program is written.
    pub const fn known(name: &'static str, value: Value) -> Self {
        Self { name: Cow::Borrowed(name), value }
    }

    /// Appends the member as it stands in an object: its name, and its value.
    pub fn render(&self, out: &mut Vec<u8>) {
        render_string(&self.name, out);
        out.push(b':');
        self.value.render(out);
    }
}

/// Appends a member whose value is a text.
pub fn render_text_member(name: &str, text: &str, out: &mut Vec<u8>) {
    render_string(name, out);
    out.push(b':');
    render_string(text, out);
}

/// Appends `text` as a JSON string.
pub fn render_string(text: &str, out: &mut Vec<u8>) {
    // Invariant: writing a string to a `Vec` cannot fail.
    serde_json::to_writer(out, text).expect("a Vec takes every byte");
}

/// Appends `number` in decimal.
pub fn render_integer(number: i64, out: &mut Vec<u8>) {
    serde_json::to_writer(out, &number).expect("a Vec takes every byte");
}

/// Appends the texts as one JSON string, with single spaces between them: a `scope` (RFC 6749 §3.3).
pub fn render_words(words: &[Box<str>], out: &mut Vec<u8>) {
    let Some((first, rest)) = words.split_first() else { return render_string("", out) };
    render_string(first, out);
    for word in rest {
        // The closing quotation mark gives way to the next word, whose opening one becomes the space.
        out.pop();
        let space = out.len();
        render_string(word, out);
        out[space] = b' ';
    }
}

/// Appends the texts as a JSON array of strings.
pub fn render_strings<'a>(texts: impl IntoIterator<Item = &'a str>, out: &mut Vec<u8>) {
    out.push(b'[');
    let mut first = true;
    for text in texts {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        render_string(text, out);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_one_string_with_single_spaces() {
        for words in [vec![], vec!["a"], vec!["a", "b\"", "c"]] {
            let (mut out, mut expected) = (b"x".to_vec(), b"x".to_vec());
            let boxed: Vec<Box<str>> = words.iter().map(|word| (*word).into()).collect();
            render_words(&boxed, &mut out);
            render_string(&words.join(" "), &mut expected);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn every_kind_of_value_is_json() {
        let table = [
            (Value::from("a\"b"), r#""a\"b""#),
            (Value::from(String::from("x")), r#""x""#),
            (Value::Integer(i64::MIN), "-9223372036854775808"),
            (Value::Number(0.5), "0.5"),
            (Value::Number(f64::NAN), "null"),
            (Value::Boolean(true), "true"),
            (Value::Boolean(false), "false"),
            (Value::Texts(vec![]), "[]"),
            (Value::Texts(vec!["a".into(), "b".into(), "c".into()]), r#"["a","b","c"]"#),
            (Value::Json(r#"{"a":[1]}"#.into()), r#"{"a":[1]}"#),
        ];
        for (value, json) in table {
            assert_eq!(value.to_json(), json);
        }
    }
}
