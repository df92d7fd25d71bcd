//! Reads the members of a JSON object one by one, gathers everything that is wrong, and refuses what nobody asked for.

use serde_json::{Map, Value};

use super::nearest::nearest;
use super::problem::{FieldError, Kind, Problem};

/// A body, read by name. What is not read is unknown.
#[derive(Debug)]
pub(crate) struct Fields {
    members: Map<String, Value>,
    prefix: String,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// The members of a body: one JSON object with distinct names at every depth, at most 32 deep.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Problem> {
        parse_body(body).map(Self::of)
    }

    /// The members of an object that was parsed already.
    pub(crate) const fn of(members: Map<String, Value>) -> Self {
        Self { members, prefix: String::new(), known: Vec::new(), errors: Vec::new() }
    }

    /// Says that a field is wrong.
    pub(crate) fn wrong(&mut self, field: &str, detail: impl Into<String>) {
        let field = format!("{}{field}", self.prefix);
        self.errors.push(FieldError { field, detail: detail.into() });
    }

    /// Whether nothing was wrong with this field so far.
    pub(crate) fn is_sound(&self, field: &str) -> bool {
        self.errors.iter().all(|error| error.field != field)
    }

    /// Whether a member is there and not `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    /// The strings of a list that is still to be read.
    pub(crate) fn peek_texts(&self, name: &str) -> Vec<String> {
        let items = self.members.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The objects of a list that is still to be read.
    pub(crate) fn peek_objects(&self, name: &str) -> Vec<&Map<String, Value>> {
        let items = self.members.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(Value::as_object).collect()
    }

    /// A string that is still to be read.
    pub(crate) fn peek_text(&self, name: &str) -> Option<String> {
        self.members.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    /// Takes a member. `null` counts as absent.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// A string.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            other => self.mistyped(name, "a string", &other),
        }
    }

    /// A string of at least one and at most `max` characters, none of them a control character.
    pub(crate) fn line(&mut self, name: &'static str, max: usize) -> Option<String> {
        let text = self.text(name)?;
        let length = text.chars().count();
        if length == 0 || length > max || text.chars().any(char::is_control) {
            self.wrong(name, format!("must be 1 to {max} characters without control characters"));
            return None;
        }
        Some(text)
    }

    /// A boolean.
    pub(crate) fn boolean(&mut self, name: &'static str) -> Option<bool> {
        match self.take(name)? {
            Value::Bool(truth) => Some(truth),
            other => self.mistyped(name, "true or false", &other),
        }
    }

    /// An integer within a range.
    pub(crate) fn integer(&mut self, name: &'static str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let value = self.take(name)?;
        let Some(number) = value.as_i64() else { return self.mistyped(name, "an integer", &value) };
        if !range.contains(&number) {
            self.wrong(name, format!("must be between {} and {}", range.start(), range.end()));
            return None;
        }
        Some(number)
    }

    /// A list of strings, each of them good and none twice.
    pub(crate) fn texts(&mut self, name: &'static str, max: usize, check: impl Fn(&str) -> Result<(), String>) -> Option<Vec<Box<str>>> {
        let items = match self.take(name)? {
            Value::Array(items) => items,
            other => return self.mistyped(name, "a list of strings", &other),
        };
        if items.len() > max {
            self.wrong(name, format!("has {} elements; {max} are allowed", items.len()));
            return None;
        }
        let mut texts: Vec<Box<str>> = Vec::with_capacity(items.len());
        let errors = self.errors.len();
        for (index, item) in items.iter().enumerate() {
            let field = format!("{name}.{index}");
            match item.as_str() {
                None => self.wrong(&field, "must be a string"),
                Some(text) if texts.iter().any(|earlier| **earlier == *text) => self.wrong(&field, format!("`{text}` is there twice")),
                Some(text) => match check(text) {
                    Ok(()) => texts.push(text.into()),
                    Err(detail) => self.wrong(&field, detail),
                },
            }
        }
        (self.errors.len() == errors).then_some(texts)
    }

    /// One word of a list.
    pub(crate) fn choice<T>(&mut self, name: &'static str, words: &[&str], parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            let hint = nearest(&text, words.iter().copied()).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            self.wrong(name, format!("`{}` is none of {}{hint}", shorten(&text), words.join(", ")));
        }
        parsed
    }

    /// An object.
    pub(crate) fn object(&mut self, name: &'static str) -> Option<Map<String, Value>> {
        match self.take(name)? {
            Value::Object(members) => Some(members),
            other => self.mistyped(name, "an object", &other),
        }
    }

    /// An object read in the same manner.
    pub(crate) fn nested<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let members = self.object(name)?;
        let mut inner = Self { members, prefix: format!("{}{name}.", self.prefix), known: Vec::new(), errors: Vec::new() };
        let value = read(&mut inner);
        inner.refuse_unknown();
        self.errors.append(&mut inner.errors);
        Some(value)
    }

    /// A list of objects, each read in the same manner; `read` is given the place of each.
    pub(crate) fn objects<T>(
        &mut self,
        name: &'static str,
        max: usize,
        mut read: impl FnMut(usize, &mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = match self.take(name)? {
            Value::Array(items) => items,
            other => return self.mistyped(name, "a list of objects", &other),
        };
        if items.len() > max {
            self.wrong(name, format!("has {} elements; {max} are allowed", items.len()));
            return None;
        }
        let mut read_items = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let Value::Object(members) = item else {
                self.wrong(&format!("{name}.{index}"), "must be an object");
                continue;
            };
            let mut inner = Self { members, prefix: format!("{}{name}.{index}.", self.prefix), known: Vec::new(), errors: Vec::new() };
            read_items.extend(read(index, &mut inner));
            inner.refuse_unknown();
            self.errors.append(&mut inner.errors);
        }
        Some(read_items)
    }

    /// Members that cannot be changed: good when they repeat what there is.
    pub(crate) fn read_only(&mut self, names: &[&'static str], current: &Value) {
        for &name in names {
            if let Some(value) = self.take(name)
                && current.get(name) != Some(&value)
            {
                self.wrong(name, "is set by the server and cannot be changed");
            }
        }
    }

    /// Nothing is wrong and nothing is left over; otherwise everything that is.
    pub(crate) fn finish<T>(mut self, read: Option<T>) -> Result<T, Problem> {
        self.refuse_unknown();
        match (self.errors.is_empty(), read) {
            (true, Some(read)) => Ok(read),
            (true, None) => Err(Problem::new(Kind::Internal, "a field was refused without a word")),
            (false, _) => Err(Problem::fields(self.errors)),
        }
    }

    fn refuse_unknown(&mut self) {
        for name in std::mem::take(&mut self.members).into_iter().map(|(name, _)| name) {
            let hint = match nearest(&name, self.known.iter().copied()) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => format!("; known are {}", self.known.join(", ")),
            };
            self.wrong(&shorten(&name), format!("is not known{hint}"));
        }
    }

    fn mistyped<T>(&mut self, name: &str, wanted: &str, found: &Value) -> Option<T> {
        self.wrong(name, format!("must be {wanted}, not {}", kind_of(found)));
        None
    }
}

/// One JSON object with distinct member names.
pub(crate) fn parse_body(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    claimsmith_jose::parse_object(body).map_err(|_| {
        let detail = match serde_json::from_slice::<Value>(body) {
            Err(error) => format!("the body is not JSON: {error}"),
            Ok(Value::Object(_)) => "a member is named twice, a number is out of range, or it is more than 32 levels deep".to_owned(),
            Ok(other) => format!("the body must be a JSON object, not {}", kind_of(&other)),
        };
        Problem::new(Kind::MalformedBody, detail)
    })
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Text from outside, short enough for a message.
pub(crate) fn shorten(text: &str) -> String {
    let mut short: String = text.chars().filter(|letter| !letter.is_control()).take(64).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(problem: &Problem) -> Vec<(&str, &str)> {
        problem.errors.iter().map(|error| (error.field.as_str(), error.detail.as_str())).collect()
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let mut fields = Fields::parse(br#"{"name":1,"on":"yes","count":99,"mode":"skipp","tag":"x","list":["a","a",3]}"#).unwrap();
        fields.text("name");
        fields.boolean("on");
        fields.integer("count", 1..=9);
        fields.choice("mode", &["refuse", "skip"], |text| (text == "skip").then_some(()));
        fields.take("tags");
        fields.texts("list", 9, |_| Ok(()));
        let problem = fields.finish(Some(())).unwrap_err();
        assert_eq!(
            errors(&problem),
            [
                ("name", "must be a string, not a number"),
                ("on", "must be true or false, not a string"),
                ("count", "must be between 1 and 9"),
                ("mode", "`skipp` is none of refuse, skip; did you mean `skip`?"),
                ("list.1", "`a` is there twice"),
                ("list.2", "must be a string"),
                ("tag", "is not known; did you mean `tags`?"),
            ]
        );
    }

    #[test]
    fn nested_members_are_named_with_dots() {
        let mut fields = Fields::parse(br#"{"lifetimes":{"access_token":"long","acces_token":1}}"#).unwrap();
        fields.nested("lifetimes", |inner| inner.integer("access_token", 1..=9));
        let problem = fields.finish(Some(())).unwrap_err();
        assert_eq!(problem.errors[0].field, "lifetimes.access_token");
        assert_eq!(problem.errors[1].field, "lifetimes.acces_token");
    }

    #[test]
    fn bodies_that_two_parsers_could_read_differently_are_refused() {
        for body in [&br#"{"a":1,"a":2}"#[..], b"[]", b"", b"{", b"{} x", b"\"a\"", &[b'[', 0xff]] {
            assert_eq!(Fields::parse(body).unwrap_err().kind, Kind::MalformedBody, "{}", String::from_utf8_lossy(body));
        }
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(40), "]".repeat(40));
        assert_eq!(Fields::parse(deep.as_bytes()).unwrap_err().kind, Kind::MalformedBody);
    }

    #[test]
    fn read_only_members_may_repeat_what_there_is() {
        let current = serde_json::json!({ "created_at": 5 });
        let mut fields = Fields::parse(br#"{"created_at":5}"#).unwrap();
        fields.read_only(&["created_at"], &current);
        assert!(fields.finish(Some(())).is_ok());
        let mut fields = Fields::parse(br#"{"created_at":6}"#).unwrap();
        fields.read_only(&["created_at"], &current);
        assert!(fields.finish(Some(())).is_err());
    }
}
