//! Settings for people: the reference, and what is in effect.

use super::problem::Origin;
use super::raw::variable_of;
use super::table::Descriptor;
use super::{Config, abouts, descriptors};
use std::fmt::Write;

const HEAD: &str = "\
# Settings

<!-- Made by `claimsmith config reference`; a test keeps it so. -->

One TOML file, `serve --config claimsmith.toml`. Every setting can also be given as an environment variable, which is
stronger than the file: `limits.connections` is `CLAIMSMITH_LIMITS__CONNECTIONS`, and `issuer`, which has no section, is
`CLAIMSMITH__ISSUER`. Only variables with `__` are settings. Lists are separated by commas there.

Settings that nobody knows are errors. Secrets are never values but always paths of files. Relative paths lie in the
folder of the file. `off` as a text unsets a setting that has a default. `claimsmith config check` says everything that is
wrong at once, `claimsmith config print` what is in effect and where each value comes from.
";

/// The reference in Markdown: every setting with type, default, bounds, variable and meaning.
pub fn reference() -> String {
    let mut out = HEAD.to_owned();
    let all = descriptors();
    for (section, about) in abouts() {
        let heading = if section.is_empty() { "No section".to_owned() } else { format!("`[{section}]`") };
        let _ = write!(out, "\n## {heading}\n\n{about}\n");
        for setting in all.iter().filter(|setting| setting.section == section) {
            let _ = write!(out, "\n{}", entry(setting));
        }
    }
    out
}

fn entry(setting: &Descriptor) -> String {
    let default = match setting.default {
        "" if setting.kind.starts_with("list") => "empty".to_owned(),
        "" => "not set".to_owned(),
        text => format!("`{text}`"),
    };
    let mut lines = format!("### `{}`\n\n{}\n\n- Type: {}", setting.name, setting.meaning, setting.kind);
    if let Some((low, high)) = setting.bounds {
        let _ = write!(lines, ", from {low} to {high}");
    }
    let live = if setting.live { "yes" } else { "no, it needs a restart" };
    let _ = write!(lines, "\n- Default: {default}\n- Variable: `{}`\n- Taken by a running server: {live}\n", variable_of(&setting.name));
    lines
}

/// The configuration in effect as TOML, with the origin of each value that is not a default.
pub fn print(config: &Config) -> String {
    let mut out = String::new();
    let mut section = "";
    for (effective, setting) in config.effective.iter().zip(descriptors()) {
        if setting.section != section {
            section = setting.section;
            let _ = write!(out, "\n[{section}]\n");
        }
        let key = setting.name.rsplit('.').next().unwrap_or(&setting.name);
        let origin = if effective.origin == Origin::Default { String::new() } else { format!("  # {}", effective.origin) };
        let _ = match (&effective.value, setting.default) {
            (Some(value), _) => writeln!(out, "{key} = {value}{origin}"),
            (None, "") => writeln!(out, "# {key} is not set{origin}"),
            (None, _) => writeln!(out, "{key} = \"off\"{origin}"),
        };
    }
    out
}
