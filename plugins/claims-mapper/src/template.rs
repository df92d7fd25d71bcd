//! Text with placeholders: `{client_id}@{claim:org}`. A brace for itself is written twice.

use std::collections::BTreeMap;

use claimsmith::{Context, Value};
use serde::Deserialize;
use serde::de::Error;

/// A text with placeholders, cut into its parts.
#[derive(Debug, PartialEq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, PartialEq)]
enum Part {
    Text(String),
    Placeholder(Placeholder),
}

/// What stands between braces.
#[derive(Debug, PartialEq)]
pub(crate) enum Placeholder {
    ClientId,
    Subject,
    GrantType,
    Claim(String),
}

impl Placeholder {
    fn parse(name: &str) -> Result<Self, String> {
        match (name, name.split_once(':')) {
            ("client_id", _) => Ok(Self::ClientId),
            ("subject", _) => Ok(Self::Subject),
            ("grant_type", _) => Ok(Self::GrantType),
            (_, Some(("claim", claim))) if !claim.is_empty() => Ok(Self::Claim(claim.to_owned())),
            _ => Err(format!("`{{{name}}}` is no placeholder; there are client_id, subject, grant_type and claim:NAME")),
        }
    }

    /// The text to put in its place, or the name of what is not there. Lists and objects have no text.
    pub(crate) fn resolve(&self, context: &Context, claims: &BTreeMap<String, Value>) -> Result<String, String> {
        match self {
            Self::ClientId => Ok(context.client_id.clone()),
            Self::Subject => context.subject.clone().ok_or_else(|| "subject".to_owned()),
            Self::GrantType => Ok(context.grant_type.clone()),
            Self::Claim(name) => match claims.get(name) {
                Some(Value::Text(text)) => Ok(text.clone()),
                Some(Value::Integer(integer)) => Ok(integer.to_string()),
                Some(Value::Boolean(boolean)) => Ok(boolean.to_string()),
                _ => Err(name.clone()),
            },
        }
    }
}

impl Template {
    /// Cuts a text into its parts.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = brace.strip_prefix("{{").or_else(|| brace.strip_prefix("}}")) {
                plain.push_str(&brace[..1]);
                rest = after;
                continue;
            }
            let (name, after) = brace
                .strip_prefix('{')
                .and_then(|inside| inside.split_once('}'))
                .ok_or_else(|| format!("`{text}` has a brace without its partner"))?;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Placeholder(Placeholder::parse(name)?));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    /// The text with every placeholder resolved, or the first failure to do so.
    pub(crate) fn render(&self, resolve: impl Fn(&Placeholder) -> Result<String, String>) -> Result<String, String> {
        self.0
            .iter()
            .map(|part| match part {
                Part::Text(text) => Ok(text.clone()),
                Part::Placeholder(placeholder) => resolve(placeholder),
            })
            .collect()
    }
}

impl<'text> Deserialize<'text> for Template {
    fn deserialize<D: serde::Deserializer<'text>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, Placeholder, Template};

    #[test]
    fn a_template_is_cut_into_its_parts() {
        let parts = vec![
            Part::Text("a{".into()),
            Part::Placeholder(Placeholder::Claim("urn:example:org".into())),
            Part::Text("}b".into()),
            Part::Placeholder(Placeholder::Subject),
        ];
        assert_eq!(Template::parse("a{{{claim:urn:example:org}}}b{subject}"), Ok(Template(parts)));
        assert_eq!(Template::parse(""), Ok(Template(vec![])));
    }

    #[test]
    fn what_is_no_template_is_named() {
        for text in ["{", "}", "{client_id", "a}b", "{nobody}", "{claim:}", "{}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
