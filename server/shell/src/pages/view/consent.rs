//! The page on which people decide what a client may have.

use super::{Account, ClientCard, Complaint, Form};
use serde::Serialize;
use serde_json::Value;

/// What the client may have. Actions: `allow`, `deny`. Optional scopes that are ticked arrive as `scope` fields, and single
/// claims as `claim` fields.
#[derive(Clone, Serialize)]
pub struct Consent {
    /// The form.
    pub form: Form,
    /// The client that asks.
    pub client: ClientCard,
    /// Whom it asks.
    pub account: Account,
    /// What it asks for.
    pub scopes: Vec<ScopeLine>,
    /// Names of single claims that it asks for beside scopes (OpenID Connect Core §5.5).
    pub claims: Vec<String>,
    /// Where it wants to use the token (RFC 8707).
    pub resources: Vec<ResourceLine>,
    /// What it wants to do in detail (RFC 9396).
    pub details: Vec<DetailCard>,
    /// What plugins have to say.
    pub notes: Vec<String>,
    /// Whether it is for a device that waits elsewhere, so that whoever began may be somebody else (RFC 8628 §5.4).
    pub device: bool,
    /// Whether the client named the person, who did not begin it in this browser (OpenID Connect CIBA §7).
    pub named: bool,
    /// What the client shows as well, to be compared.
    pub message: Option<String>,
    /// What was wrong with the last attempt.
    pub complaints: Vec<Complaint>,
}

/// One scope.
#[derive(Debug, Clone, Serialize)]
pub struct ScopeLine {
    /// Its name.
    pub name: String,
    /// What it means to people; where there is none, the text `scope-<name>` is shown, or the name.
    pub description: Option<String>,
    /// Whether the person may leave it out.
    pub optional: bool,
    /// Whether its box is ticked.
    pub ticked: bool,
}

/// A resource (RFC 8707).
#[derive(Debug, Clone, Serialize)]
pub struct ResourceLine {
    /// Its identifier.
    pub identifier: String,
    /// Its name for people.
    pub name: Option<String>,
}

/// One member of `authorization_details` (RFC 9396 §2), readable.
#[derive(Debug, Clone, Serialize)]
pub struct DetailCard {
    /// Its type.
    pub kind: String,
    /// The type's name for people.
    pub title: Option<String>,
    /// What is in it, by name.
    pub rows: Vec<DetailRow>,
}

/// One thing in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DetailRow {
    /// What it is called: the member's name, after those of the objects around it.
    pub label: String,
    /// Its value; a list is joined by commas.
    pub value: String,
}

/// The most rows of a card. A request with more is refused long before, by its size.
const ROWS: usize = 200;

impl DetailCard {
    /// Reads an object of `authorization_details`; every member becomes a row.
    pub fn of(detail: &Value, title: Option<String>) -> DetailCard {
        let kind = detail.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut rows = Vec::new();
        for (name, value) in detail.as_object().into_iter().flatten().filter(|(name, _)| *name != "type") {
            gather(&readable(name), value, &mut rows);
        }
        DetailCard { kind, title, rows }
    }
}

fn gather(label: &str, value: &Value, rows: &mut Vec<DetailRow>) {
    if rows.len() >= ROWS {
        return;
    }
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| gather(&format!("{label} · {}", readable(name)), value, rows)),
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (index, item) in items.iter().enumerate() {
                gather(&format!("{label} {}", index + 1), item, rows);
            }
        }
        Value::Array(items) => {
            let value = items.iter().map(plain).collect::<Vec<_>>().join(", ");
            rows.push(DetailRow { label: label.to_owned(), value });
        }
        value => rows.push(DetailRow { label: label.to_owned(), value: plain(value) }),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `creditorAccount` and `creditor_account` read `creditor account`.
fn readable(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    for letter in name.chars() {
        match letter {
            '_' | '-' => out.push(' '),
            letter if letter.is_uppercase() && before.is_lowercase() => {
                out.push(' ');
                out.extend(letter.to_lowercase());
            }
            letter => out.push(letter),
        }
        before = letter;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rar_details_are_readable_and_complete() {
        let card = DetailCard::of(
            &json!({
                "type": "payment_initiation",
                "actions": ["initiate", "status"],
                "instructedAmount": { "currency": "EUR", "amount": "123.50" },
                "creditor_name": "Merchant A",
                "parts": [{ "n": 1 }, { "n": 2 }],
            }),
            None,
        );
        let rows: Vec<_> = card.rows.iter().map(|row| (row.label.as_str(), row.value.as_str())).collect();
        assert_eq!(card.kind, "payment_initiation");
        for row in [
            ("actions", "initiate, status"),
            ("instructed amount · currency", "EUR"),
            ("instructed amount · amount", "123.50"),
            ("creditor name", "Merchant A"),
            ("parts 1 · n", "1"),
            ("parts 2 · n", "2"),
        ] {
            assert!(rows.contains(&row), "{row:?} in {rows:?}");
        }
        assert_eq!(rows.len(), 6);
    }
}
