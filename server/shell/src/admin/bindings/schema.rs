//! A binding's configuration against its plugin's JSON Schema.

use jsonschema::{Draft, PatternOptions};
use serde_json::Value;

/// Most violations that are told.
const VIOLATIONS_MAX: usize = 16;

/// What is wrong with a configuration: the place, with dots, and the violation.
// Security: schemas are text from plugin authors. References lead nowhere outside the schema, and patterns run in linear time.
pub(super) fn check(schema: &Value, configuration: &Value) -> Vec<(String, String)> {
    let options = jsonschema::options().with_draft(Draft::Draft202012).with_pattern_options(PatternOptions::regex()).offline();
    let validator = match options.build(schema) {
        Ok(validator) => validator,
        Err(error) => return vec![(String::new(), format!("the plugin's own schema is broken: {error}"))],
    };
    let violation = |error: jsonschema::ValidationError<'_>| (error.instance_path().to_string().replace('/', "."), error.to_string());
    validator.iter_errors(configuration).take(VIOLATIONS_MAX).map(violation).collect()
}

/// What is wrong with a schema; nothing when it can be used.
pub(crate) fn broken(schema: &Value) -> Option<String> {
    let options = jsonschema::options().with_draft(Draft::Draft202012).with_pattern_options(PatternOptions::regex()).offline();
    options.build(schema).err().map(|error| error.to_string())
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
