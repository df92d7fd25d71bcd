//! Why a command failed, and the exit code that says so.

use std::fmt;
use std::process::ExitCode;

use serde_json::{Value, json};

/// A command that did not do what it was told.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server, the database or a file says no. Exit code 1.
    Refused {
        /// The reason.
        message: String,
        /// The server's problem document, where one came.
        problem: Option<Value>,
    },
    /// The command line makes no sense. Exit code 2.
    Usage(String),
    /// Nobody answers. Exit code 3.
    Unreachable(String),
}

impl Failure {
    /// A refusal in words.
    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self::Refused { message: message.into(), problem: None }
    }

    /// A refusal by the admin API: every field at fault on a line of its own.
    pub(super) fn problem(status: u16, problem: Value) -> Self {
        let detail = problem.get("detail").and_then(Value::as_str).unwrap_or("no reason was given");
        let title = problem.get("title").and_then(Value::as_str).unwrap_or("refused");
        let errors = problem.get("errors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = |error: &Value, name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let message = match errors {
            [] => format!("{title} ({status}): {detail}"),
            errors => {
                let lines = errors.iter().map(|error| format!("\n  {}: {}", text(error, "field"), text(error, "detail")));
                format!("{title} ({status}):{}", lines.collect::<String>())
            }
        };
        Self::Refused { message: message + &self_test_lines(&problem), problem: Some(problem) }
    }

    /// The exit code.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    pub(super) const fn code(&self) -> u8 {
        match self {
            Self::Refused { .. } => 1,
            Self::Usage(_) => 2,
            Self::Unreachable(_) => 3,
        }
    }

    /// The failure as a document: the server's own problem where there is one.
    pub(super) fn document(&self) -> Value {
        match self {
            Self::Refused { problem: Some(problem), .. } => problem.clone(),
            other => json!({ "error": other.to_string(), "exit_code": other.code() }),
        }
    }
}

/// The fixtures that a refused upload failed.
fn self_test_lines(problem: &Value) -> String {
    let fixtures = problem.pointer("/self_test/fixtures").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let failed = fixtures.iter().filter(|fixture| fixture.get("passed") == Some(&Value::Bool(false)));
    let text = |fixture: &Value, name: &str| fixture.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    failed.map(|fixture| format!("\n  {}: {}", text(fixture, "name"), text(fixture, "difference"))).collect()
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { message, .. } | Self::Usage(message) | Self::Unreachable(message) => write!(out, "claimsmith: {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_at_fault_has_its_line() {
        let problem = json!({ "title": "Fields are wrong", "status": 422, "detail": "x",
            "errors": [{ "field": "scope", "detail": "is wrong" }, { "field": "tags.0", "detail": "is too" }] });
        let failure = Failure::problem(422, problem.clone());
        assert_eq!(failure.to_string(), "claimsmith: Fields are wrong (422):\n  scope: is wrong\n  tags.0: is too");
        assert_eq!(failure.document(), problem);
        let refused = json!({ "title": "Refused", "detail": "fixtures failed",
            "self_test": { "fixtures": [{ "name": "a", "passed": false, "difference": "b" }, { "name": "c", "passed": true }] } });
        assert_eq!(Failure::problem(422, refused).to_string(), "claimsmith: Refused (422): fixtures failed\n  a: b");
    }

    #[test]
    fn exit_codes_say_who_is_to_act() {
        let codes =
            [Failure::refused("x"), Failure::Usage("x".to_owned()), Failure::Unreachable("x".to_owned())].map(|failure| failure.code());
        assert_eq!(codes, [1, 2, 3]);
        assert_eq!(Failure::Unreachable("gone".to_owned()).document()["exit_code"], 3);
    }
}
