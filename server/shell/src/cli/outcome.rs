//! What a command says: one document for scripts, text for people.

use serde_json::Value;

use super::table;

/// The result of a command.
#[derive(Debug)]
pub(super) struct Outcome {
    /// For `--json`.
    pub(super) document: Value,
    /// For people; may be empty.
    pub(super) text: String,
}

impl Outcome {
    pub(super) const fn new(document: Value, text: String) -> Self {
        Self { document, text }
    }

    /// One thing, its members one to a line.
    pub(super) fn card(document: Value) -> Self {
        let text = table::card(&document);
        Self { document, text }
    }

    /// A list; `columns` are names of members, with dots into nested ones.
    pub(super) fn list(document: Value, columns: &[&str]) -> Self {
        let items = document.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = table::list(items, columns);
        Self { text, document }
    }

    /// With a line after the text.
    pub(super) fn note(mut self, line: &str) -> Self {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line);
        self
    }
}
