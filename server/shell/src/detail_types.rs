//! The file of the types of authorization details (`authorize.details_types_file`): for each its JSON Schema, and its name for people.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use claimsmith_issuer::detail_types::{DetailCheck, DetailTypes};
use jsonschema::{Draft, PatternOptions, Validator};
use serde::Deserialize;
use serde_json::Value;

/// A type as the file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    title: Texts,
    schema: Value,
}

/// Texts by name.
type Texts = BTreeMap<Box<str>, Box<str>>;

/// The names of types for people, by type and language.
#[derive(Debug, Clone, Default)]
pub struct DetailTitles(Arc<BTreeMap<Box<str>, Texts>>);

/// Why the file is no use.
#[derive(Debug, thiserror::Error)]
pub enum DetailTypesFault {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("{}: must be a JSON object of types, each with `schema` and perhaps `title`: {source}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        source: serde_json::Error,
    },
    /// A schema cannot be used.
    #[error("{}: the schema of `{kind}` cannot be used: {detail}", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// The type.
        kind: Box<str>,
        /// What is wrong with it.
        detail: String,
    },
}

/// Reads the file, where there is one.
pub fn read(path: Option<&Path>) -> Result<(DetailTypes, DetailTitles), DetailTypesFault> {
    let Some(path) = path else { return Ok(Default::default()) };
    let text = std::fs::read(path).map_err(|source| DetailTypesFault::Unreadable { path: path.to_owned(), source })?;
    let entries: BTreeMap<Box<str>, Entry> =
        serde_json::from_slice(&text).map_err(|source| DetailTypesFault::Malformed { path: path.to_owned(), source })?;
    let (mut types, mut titles) = (BTreeMap::new(), BTreeMap::new());
    for (kind, entry) in entries {
        let validator = build(&entry.schema).map_err(|detail| {
            let (path, kind) = (path.to_owned(), kind.clone());
            DetailTypesFault::Schema { path, kind, detail }
        })?;
        types.insert(kind.clone(), check(validator));
        titles.insert(kind, entry.title);
    }
    Ok((DetailTypes::of(types), DetailTitles(Arc::new(titles))))
}

/// References lead nowhere outside the schema; patterns run in linear time, for what they look at comes from anybody.
fn build(schema: &Value) -> Result<Validator, String> {
    let options = jsonschema::options().with_draft(Draft::Draft202012).with_pattern_options(PatternOptions::regex()).offline();
    options.build(schema).map_err(|error| error.to_string())
}

fn check(validator: Validator) -> DetailCheck {
    Box::new(move |detail| {
        let place = validator.iter_errors(detail).next()?.instance_path().to_string();
        Some(place.trim_start_matches('/').replace('/', "."))
    })
}

impl DetailTitles {
    /// The name of a type in a language, by its primary tag.
    pub fn of(&self, kind: &str, language: &str) -> Option<String> {
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_owned();
        let titles = self.0.get(kind)?;
        let own = titles.iter().find(|(tag, _)| primary(tag) == primary(language));
        own.or_else(|| titles.iter().next()).map(|(_, title)| title.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(text: &str) -> Result<(DetailTypes, DetailTitles), DetailTypesFault> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        read(Some(file.path()))
    }

    const FILE: &str = r#"{
        "payment": {
            "title": { "en": "Payment", "de": "Zahlung" },
            "schema": {
                "required": ["amount"], "additionalProperties": false,
                "properties": { "type": true, "amount": { "properties": { "value": { "type": "string", "pattern": "^[0-9]+$" } } } }
            }
        },
        "account": { "schema": true }
    }"#;

    #[test]
    fn rar_002_members_are_checked_by_the_types_schema() {
        let (types, _) = with(FILE).expect("good");
        assert_eq!(types.names(), Some(vec!["account", "payment"]));
        assert!(types.knows("payment") && !types.knows("Payment"));
        let misfit = |detail: Value| types.misfit("payment", &detail);
        assert_eq!(misfit(json!({ "type": "payment", "amount": { "value": "12" } })), None);
        assert_eq!(misfit(json!({ "type": "payment", "amount": { "value": 12 } })).as_deref(), Some("amount.value"));
        assert_eq!(misfit(json!({ "type": "payment" })).as_deref(), Some(""));
        assert!(misfit(json!({ "type": "payment", "amount": {}, "more": 1 })).is_some());
        assert_eq!(types.misfit("account", &json!({ "anything": 1 })), None);
    }

    #[test]
    fn titles_are_those_of_the_language() {
        let (_, titles) = with(FILE).expect("good");
        assert_eq!(titles.of("payment", "de-AT").as_deref(), Some("Zahlung"));
        assert_eq!(titles.of("payment", "fr").as_deref(), Some("Zahlung"), "the first there is");
        assert_eq!(titles.of("account", "en"), None);
    }

    #[test]
    fn a_file_that_is_no_use_says_why() {
        for bad in ["", "[]", r#"{"a":{}}"#, r#"{"a":{"schema":{"type":"objekt"}}}"#, r#"{"a":{"schema":true,"scheme":1}}"#] {
            assert!(with(bad).is_err(), "{bad}");
        }
        assert!(with(r#"{"a":{"schema":{"$ref":"https://evil.example/x"}}}"#).is_err());
        assert!(read(Some(Path::new("/nowhere"))).is_err());
        assert!(read(None).expect("none").0.knows("anything"));
    }
}
