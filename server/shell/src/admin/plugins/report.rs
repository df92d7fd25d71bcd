//! What is told of an inspected and tested component, by the upload and by the commands.

use claimsmith_hooks::{Inspection, Limits, SelfTest};
use claimsmith_jose::Digest;
use serde_json::{Value, json};

/// What an inspection found, as JSON.
pub(crate) fn inspection(inspection: &Inspection, limits: &Limits) -> Value {
    json!({
        "digest": Digest::of(&inspection.component).to_hex(),
        "file_digest": inspection.digest.to_hex(),
        "bytes": inspection.component.len(),
        "hooks": inspection.hooks.iter().map(|hook| hook.as_str()).collect::<Vec<_>>(),
        "imports": inspection.imports,
        "initial_memory": inspection.initial_memory,
        "warnings": inspection.warnings,
        "limits": self::limits(limits),
    })
}

/// What one call may use.
pub(crate) fn limits(limits: &Limits) -> Value {
    json!({
        "fuel": limits.fuel,
        "milliseconds": u64::try_from(limits.wall.as_millis()).unwrap_or(u64::MAX),
        "memory": limits.memory,
        "input": limits.input,
        "output": limits.output,
        "logs": limits.logs,
        "edits": limits.edits,
    })
}

/// A manifest as JSON, without its fixtures.
pub(crate) fn manifest(inspection: &Inspection) -> Value {
    let Some(manifest) = &inspection.manifest else { return json!({}) };
    let schema = manifest.configuration_schema.as_ref().and_then(|schema| serde_json::from_str::<Value>(schema.get()).ok());
    json!({
        "name": manifest.name,
        "version": manifest.version,
        "description": manifest.description,
        "sdk": manifest.sdk,
        "hooks": manifest.hooks,
        "permissions": manifest.permissions,
        "configuration_schema": schema,
    })
}

/// A self-test as JSON.
pub(crate) fn self_test(test: &SelfTest) -> Value {
    let fixture = |result: &claimsmith_hooks::FixtureResult| {
        let mut members = json!({ "name": result.name, "passed": result.difference.is_none(), "fuel": result.fuel });
        if let Some(difference) = &result.difference {
            members["difference"] = json!(difference);
        }
        let log: Vec<String> = result.log.iter().map(|line| format!("{:?}: {}", line.level, line.text)).collect();
        if !log.is_empty() {
            members["log"] = json!(log);
        }
        members
    };
    let failed = test.results.iter().filter(|result| result.difference.is_some()).count();
    json!({
        "passed": test.results.len() - failed,
        "failed": failed,
        "fixtures": test.results.iter().map(fixture).collect::<Vec<_>>(),
    })
}
