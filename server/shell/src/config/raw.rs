//! Raw configuration: what the file, the environment and the command line say, before anyone knows what it means.

use super::problem::{Origin, Problem};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// What kind of TOML value a text was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// From the environment, an option or a default: it is read as whatever the setting wants.
    Untyped,
    /// A string.
    Text,
    /// An integer, in decimal here.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A value no setting takes: a float, a date, a nested array, a table in an array.
    Other(&'static str),
}

/// One value, or one element of a list.
#[derive(Debug, Clone)]
pub(super) struct Scalar {
    pub(super) text: String,
    pub(super) shape: Shape,
}

/// A value as it was written.
#[derive(Debug, Clone)]
pub(super) enum Raw {
    /// A single value.
    One(Scalar),
    /// A list of values.
    Many(Vec<Scalar>),
}

impl Raw {
    /// A value that says nothing of its type.
    pub(super) fn untyped(text: impl Into<String>) -> Raw {
        Raw::One(Scalar { text: text.into(), shape: Shape::Untyped })
    }
}

/// A value and where it comes from.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) raw: Raw,
    pub(super) origin: Origin,
}

/// Raw values by the full name of their setting.
pub(super) type Entries = BTreeMap<String, Entry>;

/// Where settings come from, the weakest first: a command's defaults, the file, the environment, the command line.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Defaults of the command, as full name and text.
    pub base: Vec<(String, String)>,
    /// Options of the command line: its name, the full name of the setting it stands for, the text.
    pub options: Vec<(String, String, String)>,
}

impl Sources {
    /// A file, or none, and the environment of this process.
    pub fn process(file: Option<PathBuf>) -> Sources {
        Sources { file, environment: std::env::vars_os().collect(), ..Sources::default() }
    }

    /// With a default of the command's own.
    #[must_use]
    pub fn base(mut self, setting: &str, value: impl Into<String>) -> Sources {
        self.base.push((setting.to_owned(), value.into()));
        self
    }

    /// With a value from the command line's option `option`.
    #[must_use]
    pub fn option(mut self, option: &str, setting: &str, value: impl Into<String>) -> Sources {
        self.options.push((option.to_owned(), setting.to_owned(), value.into()));
        self
    }

    /// Reads everything into one map; stronger sources replace weaker ones.
    pub(super) fn read(&self) -> (Entries, Vec<Problem>) {
        let (mut entries, mut problems) = (Entries::new(), Vec::new());
        for (setting, text) in &self.base {
            entries.insert(setting.clone(), Entry { raw: Raw::untyped(text), origin: Origin::Command });
        }
        if let Some(path) = &self.file {
            read_file(path, &mut entries, &mut problems);
        }
        for (name, value) in &self.environment {
            read_variable(name, value, &mut entries, &mut problems);
        }
        for (option, setting, text) in &self.options {
            let origin = Origin::Option(option.clone());
            entries.insert(setting.clone(), Entry { raw: Raw::untyped(text), origin });
        }
        (entries, problems)
    }
}

fn read_file(path: &Path, entries: &mut Entries, problems: &mut Vec<Problem>) {
    let whole = |message: String| Problem { origin: Origin::Default, setting: String::new(), message };
    let text = match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return problems.push(whole(format!("{} is not UTF-8", path.display()))),
        Err(cause) => return problems.push(whole(format!("cannot read {}: {cause}", path.display()))),
    };
    read_text(&text, path, entries, problems);
}

/// Reads the text of a file that is called `path`.
pub(super) fn read_text(text: &str, path: &Path, entries: &mut Entries, problems: &mut Vec<Problem>) {
    let file = File { path: Arc::new(path.to_owned()), text };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let origin = file.line(error.span().map_or(0, |span| span.start));
        // Security: only what the parser expected, never the line itself: it may hold what should be a secret.
        problems.push(Problem { origin, setting: String::new(), message: format!("not TOML: {}", error.message()) });
    }
    file.flatten("", table.get_ref(), entries);
}

struct File<'a> {
    path: Arc<PathBuf>,
    text: &'a str,
}

impl File<'_> {
    fn line(&self, offset: usize) -> Origin {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        Origin::File { path: Arc::clone(&self.path), line: 1 + before.iter().filter(|byte| **byte == b'\n').count() }
    }

    fn flatten(&self, prefix: &str, table: &DeTable<'_>, entries: &mut Entries) {
        for (key, value) in table {
            let name = if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
            let raw = match value.get_ref() {
                // An empty table says nothing, but its name may still be wrong; `[limits]` alone is fine.
                DeValue::Table(inner) => {
                    self.flatten(&name, inner, entries);
                    continue;
                }
                DeValue::Array(values) => Raw::Many(values.iter().map(|value| scalar(value.get_ref())).collect()),
                other => Raw::One(scalar(other)),
            };
            entries.insert(name, Entry { raw, origin: self.line(key.span().start) });
        }
    }
}

fn scalar(value: &DeValue<'_>) -> Scalar {
    let (text, shape) = match value {
        DeValue::String(text) => (text.to_string(), Shape::Text),
        DeValue::Integer(number) => match i128::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => (number.to_string(), Shape::Integer),
            Err(_) => (String::new(), Shape::Other("an integer beyond all bounds")),
        },
        DeValue::Boolean(value) => (value.to_string(), Shape::Boolean),
        DeValue::Float(_) => (String::new(), Shape::Other("a floating-point number")),
        DeValue::Datetime(_) => (String::new(), Shape::Other("a date or time")),
        DeValue::Array(_) => (String::new(), Shape::Other("a list inside a list")),
        DeValue::Table(_) => (String::new(), Shape::Other("a table")),
    };
    Scalar { text, shape }
}

/// What every variable of ours begins with.
const PREFIX: &str = "CLAIMSMITH_";

/// The environment variable of a setting: `CLAIMSMITH_LIMITS__CONNECTIONS` for `limits.connections`, and
/// `CLAIMSMITH__ISSUER` for `issuer`, which has no section.
pub fn variable_of(setting: &str) -> String {
    let name = setting.replace('.', "__").to_ascii_uppercase();
    if setting.contains('.') { format!("{PREFIX}{name}") } else { format!("{PREFIX}_{name}") }
}

fn read_variable(name: &OsString, value: &OsString, entries: &mut Entries, problems: &mut Vec<Problem>) {
    let Some(name) = name.to_str() else { return };
    let Some(rest) = name.strip_prefix(PREFIX) else { return };
    let setting = match rest.strip_prefix('_') {
        Some(top) => top.replace("__", ".").to_ascii_lowercase(),
        None if rest.contains("__") => rest.replace("__", ".").to_ascii_lowercase(),
        None => return,
    };
    let origin = Origin::Environment(name.to_owned());
    match value.to_str() {
        Some(text) => {
            entries.insert(setting, Entry { raw: Raw::untyped(text), origin });
        }
        None => problems.push(Problem { origin, setting, message: "the value is not UTF-8".to_owned() }),
    }
}
