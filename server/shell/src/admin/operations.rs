//! Configuration and health.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::problem::Problem;
use super::{Call, Reply};
use crate::config::Effective;

/// The configuration in force. Secrets are file paths there, never values.
pub(super) fn config(call: &Call<'_>) -> Result<Reply, Problem> {
    Ok(Reply::document(Value::Object(render(&call.desk.config.effective))))
}

/// Settings in their sections; each value as the TOML that would set it.
pub(crate) fn render(settings: &[Effective]) -> Map<String, Value> {
    let mut sections = Map::new();
    for setting in settings {
        let value = setting.value.as_deref().map_or(Value::Null, parse_toml);
        let mut place = &mut sections;
        let mut parts = setting.name.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                place.insert(part.to_owned(), json!({ "value": value, "origin": setting.origin.to_string() }));
                break;
            }
            let inner = place.entry(part).or_insert_with(|| json!({}));
            match inner {
                Value::Object(members) => place = members,
                _ => break,
            }
        }
    }
    sections
}

/// One TOML value as JSON; text that is none stays text.
fn parse_toml(text: &str) -> Value {
    let table: Option<toml::Table> = toml::from_str(&format!("x = {text}")).ok();
    let value = table.and_then(|mut table| table.remove("x"));
    value.and_then(|value| serde_json::to_value(value).ok()).unwrap_or_else(|| json!(text))
}

pub(super) fn live() -> Reply {
    Reply::document(json!({ "status": "ok" }))
}

pub(super) fn ready(call: &Call<'_>) -> Reply {
    match call.desk.rooms.not_ready() {
        None => live(),
        Some(reason) => Reply { status: Some(StatusCode::SERVICE_UNAVAILABLE), ..Reply::document(json!({ "status": reason })) },
    }
}
