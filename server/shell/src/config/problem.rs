//! What is wrong with a configuration: where, which setting, and what would be right.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything: the default.
    Default,
    /// A command's own defaults, such as those of `dev`.
    Command,
    /// A line of the file, counted from 1.
    File {
        /// The file.
        path: Arc<PathBuf>,
        /// The line.
        line: usize,
    },
    /// An environment variable, by its name.
    Environment(String),
    /// An option of the command line, such as `--listen`.
    Option(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::Command => out.write_str("default of this command"),
            Self::File { path, line } => write!(out, "{}:{line}", path.display()),
            Self::Environment(name) => out.write_str(name),
            Self::Option(name) => out.write_str(name),
        }
    }
}

/// One thing that is wrong. It never contains a value that might be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where; [`Origin::Default`] when it is nowhere, as with a setting that is missing.
    pub origin: Origin,
    /// The setting's full name such as `limits.connections`; empty when the file as a whole is meant.
    pub setting: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.origin != Origin::Default {
            write!(out, "{}: ", self.origin)?;
        }
        if !self.setting.is_empty() {
            write!(out, "{}: ", self.setting)?;
        }
        out.write_str(&self.message)
    }
}

/// Everything that is wrong, in the order of the file, then the environment, then what is missing. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                out.write_str("\n")?;
            }
            problem.fmt(out)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
