//! A binding's configuration against its plugin's JSON Schema.

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

/// Most violations that are told.
const VIOLATIONS_MAX: usize = 16;

/// What is wrong with a configuration: the place, with dots, and the violation.
// Security: schemas are text from plugin authors. References lead nowhere outside the schema, and patterns run in linear time.
pub(super) fn check(schema: &Value, configuration: &Value) -> Vec<(String, String)> {
    match build(schema) {
        Ok(validator) => validator.iter_errors(configuration).take(VIOLATIONS_MAX).map(|error| violation(&error)).collect(),
        Err(broken) => vec![broken],
    }
}

/// Of many configurations, each with its key, those that do not fit: the place and the violation met first.
pub(in crate::admin) fn misfits<K>(schema: &Value, configurations: impl Iterator<Item = (K, Value)>) -> Vec<(K, String, String)> {
    let validator = build(schema);
    let misfit = |(key, configuration): (K, Value)| {
        let first = match &validator {
            Ok(validator) => validator.iter_errors(&configuration).next().map(|error| violation(&error)),
            Err(broken) => Some(broken.clone()),
        };
        first.map(|(place, detail)| (key, place, detail))
    };
    configurations.filter_map(misfit).collect()
}

fn build(schema: &Value) -> Result<Validator, (String, String)> {
    let options = jsonschema::options().with_draft(Draft::Draft202012).with_pattern_options(PatternOptions::regex()).offline();
    options.build(schema).map_err(|error| (String::new(), format!("the plugin's own schema is broken: {error}")))
}

fn violation(error: &jsonschema::ValidationError<'_>) -> (String, String) {
    (error.instance_path().to_string().replace('/', "."), error.to_string())
}

/// What is wrong with a schema; nothing when it can be used.
pub(crate) fn broken(schema: &Value) -> Option<String> {
    build(schema).err().map(|(_, detail)| detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn violations_are_named_with_their_place() {
        let schema = json!({ "type": "object", "required": ["claims"], "additionalProperties": false,
            "properties": { "claims": { "type": "object", "additionalProperties": { "type": "string" } } } });
        assert_eq!(check(&schema, &json!({ "claims": { "org": "acme" } })), []);
        assert_eq!(check(&schema, &json!({ "claims": { "org": 1 } }))[0].0, ".claims.org");
        assert_eq!(check(&schema, &json!({})).len(), 1);
        assert_eq!(check(&schema, &json!({ "claims": {}, "clams": {} })).len(), 1);
        assert_eq!(check(&json!(true), &json!(1)), []);
    }

    #[test]
    fn those_that_do_not_fit_are_named() {
        let schema = json!({ "properties": { "org": { "type": "string" } } });
        let found = misfits(&schema, [(1, json!({ "org": "acme" })), (2, json!({ "org": 7 })), (3, json!({}))].into_iter());
        assert_eq!(found.iter().map(|(key, place, _)| (*key, place.as_str())).collect::<Vec<_>>(), [(2, ".org")]);
    }

    #[test]
    fn schemas_reach_nothing_outside_themselves() {
        assert!(broken(&json!({ "$ref": "https://evil.example/schema.json" })).is_some());
        assert!(broken(&json!({ "$ref": "file:///etc/passwd" })).is_some());
        assert!(broken(&json!({ "type": "objekt" })).is_some());
        assert!(broken(&json!({ "$defs": { "a": { "type": "string" } }, "$ref": "#/$defs/a" })).is_none());
    }

    #[test]
    fn patterns_run_in_linear_time() {
        let schema = json!({ "type": "string", "pattern": "^(a+)+$" });
        assert_eq!(check(&schema, &json!(format!("{}b", "a".repeat(50_000)))).len(), 1);
        assert!(broken(&json!({ "pattern": "(?=look)" })).is_some());
    }
}
