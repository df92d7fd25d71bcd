//! Tables and cards for people.

use crate::calendar::Civil;
use serde_json::Value;

/// The widest a column gets, characters.
const WIDTH_MAX: usize = 66;

/// A table with a heading, or a word that there is nothing.
pub(super) fn list(items: &[Value], columns: &[&str]) -> String {
    if items.is_empty() {
        return "none".to_owned();
    }
    let heading: Vec<String> =
        columns.iter().map(|name| name.rsplit('.').next().unwrap_or(name).replace('_', " ").to_uppercase()).collect();
    let rows = items.iter().map(|item| columns.iter().map(|name| cell(name, pick(item, name))).collect::<Vec<_>>());
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}")).collect::<Vec<_>>().join("  ");
        cells.trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// One member to a line, names aligned.
pub(super) fn card(document: &Value) -> String {
    let Some(members) = document.as_object() else { return document.to_string() };
    let width = members.keys().map(String::len).max().unwrap_or(0);
    let line = |(name, value): (&String, &Value)| format!("{name:<width$}  {}", text(name, value));
    members.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn pick<'v>(item: &'v Value, name: &str) -> &'v Value {
    name.split('.').fold(item, |value, part| value.get(part).unwrap_or(&Value::Null))
}

fn cell(name: &str, value: &Value) -> String {
    let text = text(name, value);
    if text.chars().count() <= WIDTH_MAX {
        return text;
    }
    text.chars().take(WIDTH_MAX - 1).chain(['…']).collect()
}

fn text(name: &str, value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(truth) => if *truth { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => match number.as_i64().filter(|_| is_instant(name)) {
            Some(0) => "never".to_owned(),
            Some(seconds) => instant(seconds),
            None => number.to_string(),
        },
        // Security: control characters in what others wrote would speak to the terminal.
        Value::String(text) => text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items: Vec<String> = items.iter().map(|item| self::text("", item)).collect();
            if items.is_empty() { "-".to_owned() } else { items.join(" ") }
        }
        Value::Object(members) if members.is_empty() => "-".to_owned(),
        other => other.to_string(),
    }
}

fn is_instant(name: &str) -> bool {
    name.ends_with("_at") || name.ends_with("_from") || name.ends_with("_until") || matches!(name, "exp" | "iat" | "nbf")
}

/// `2026-01-01T00:00:00Z`, from seconds since 1970.
pub(super) fn instant(seconds: i64) -> String {
    let Civil { year, month, day, hour, minute, second } = Civil::of(seconds);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn instants_are_dates() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (4_102_444_800, "2100-01-01T00:00:00Z"),
        ] {
            assert_eq!(instant(seconds), text);
        }
    }

    #[test]
    fn tables_align_and_say_when_there_is_nothing() {
        let items =
            [json!({ "client_id": "a", "tags": ["x", "y"], "on": true }), json!({ "client_id": "longer", "tags": [], "on": false })];
        assert_eq!(list(&items, &["client_id", "tags", "on"]), "CLIENT ID  TAGS  ON\na          x y   yes\nlonger     -     no");
        assert_eq!(list(&[], &["x"]), "none");
        assert_eq!(card(&json!({ "expires_at": 0, "name": "a\u{1b}[31m" })), "expires_at  never\nname        a\u{fffd}[31m");
    }
}
