use claimsmith_issuer::binding::Target;
use claimsmith_jose::Digest;
use serde_json::{Value, json};

use super::{Ceilings, Frame, behind, read, render_binding};
use crate::admin::fields::Fields;
use crate::admin::plugins::facts::{PluginFacts, VersionFacts};
use crate::admin::problem::Problem;
use crate::admin::schemas::properties;

fn plugin() -> PluginFacts {
    let schema = |name: &str| json!({ "type": "object", "additionalProperties": false, "properties": { name: { "type": "string" } } });
    let version = |text: &[u8], disabled, name| VersionFacts { digest: Digest::of(text), disabled, schema: Some(schema(name)) };
    PluginFacts {
        name: "tenant".into(),
        active: Some(Digest::of(b"one")),
        versions: vec![version(b"three", true, "three"), version(b"two", false, "two"), version(b"one", false, "one")],
    }
}

fn bind(body: &Value) -> Result<Value, Problem> {
    let mut fields = Fields::parse(body.to_string().as_bytes()).unwrap();
    let plugin = plugin();
    let ceilings = Ceilings { fuel: 1_000_000, milliseconds: 50 };
    let binding = read(&mut fields, Frame { id: 7, target: Target::All, plugin: Some(&plugin), ceilings, position: 20 });
    fields.finish(binding).map(|binding| render_binding(&binding))
}

#[test]
fn the_least_binding_gets_defaults_and_a_full_one_survives() {
    let least = bind(&json!({ "plugin": "tenant" })).unwrap();
    assert_eq!(
        least,
        json!({ "id": 7, "target": { "kind": "all" }, "plugin": "tenant", "position": 20, "configuration": {}, "permissions": [],
            "on_failure": "refuse", "limits": {} })
    );
    let full = json!({ "plugin": "tenant", "digest": Digest::of(b"two").to_hex(), "position": -3, "configuration": { "two": "x" },
        "permissions": ["claim:org", "claim:urn:example:*", "scope:read", "audience:https://api.example", "lifetime:60", "sub"],
        "on_failure": "skip", "limits": { "fuel": 5, "milliseconds": 6 } });
    let bound = bind(&full).unwrap();
    for (name, value) in full.as_object().unwrap() {
        assert_eq!(&bound[name], value, "{name}");
    }
    let known = properties("Binding");
    assert!(bound.as_object().unwrap().keys().all(|name| known.contains(name)));
}

#[test]
fn what_is_wrong_is_named() {
    let table = [
        (json!({}), "plugin"),
        (json!({ "plugin": "other" }), "plugin"),
        (json!({ "plugin": "tenant", "digest": "active" }), "digest"),
        (json!({ "plugin": "tenant", "digest": Digest::of(b"four").to_hex() }), "digest"),
        (json!({ "plugin": "tenant", "digest": Digest::of(b"three").to_hex() }), "digest"),
        (json!({ "plugin": "tenant", "configuration": { "two": "x" } }), "configuration"),
        (json!({ "plugin": "tenant", "configuration": { "one": 1 } }), "configuration.one"),
        (json!({ "plugin": "tenant", "configuration": "x" }), "configuration"),
        (json!({ "plugin": "tenant", "configuration": { "one": "x".repeat(70_000) } }), "configuration"),
        (json!({ "plugin": "tenant", "permissions": ["claim:iss"] }), "permissions.0"),
        (json!({ "plugin": "tenant", "permissions": ["http:api.example"] }), "permissions.0"),
        (json!({ "plugin": "tenant", "permissions": ["claim"] }), "permissions.0"),
        (json!({ "plugin": "tenant", "on_failure": "last_good" }), "on_failure"),
        (json!({ "plugin": "tenant", "on_failure": "ignore" }), "on_failure"),
        (json!({ "plugin": "tenant", "limits": { "fuel": 1_000_001 } }), "limits.fuel"),
        (json!({ "plugin": "tenant", "limits": { "milliseconds": 51 } }), "limits.milliseconds"),
        (json!({ "plugin": "tenant", "limits": { "memory": 1 } }), "limits.memory"),
        (json!({ "plugin": "tenant", "position": 1.5 }), "position"),
        (json!({ "plugin": "tenant", "priority": 1 }), "priority"),
    ];
    for (body, field) in table {
        let problem = bind(&body).unwrap_err();
        assert_eq!(problem.errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), [field], "{body}");
    }
    assert!(bind(&json!({ "plugin": "tenant", "on_failure": "last_good" })).unwrap_err().detail.contains("not yet available"));
}

#[test]
fn a_binding_that_does_not_say_goes_behind_the_last() {
    assert_eq!((behind(None), behind(Some(10)), behind(Some(i32::MAX))), (10, 20, i32::MAX));
}
