//! `claimsmith plugin new NAME`: a plugin project that builds with nothing but Rust.
//!
//! The binary carries the template and the SDK's sources, and writes both: no checkout and no published crate is needed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Names that cargo refuses as a package, or that would hide a crate the project uses.
const TAKEN: [&str; 16] = [
    "alloc",
    "build",
    "claimsmith",
    "claimsmith-plugin",
    "claimsmith-plugin-macros",
    "core",
    "deps",
    "examples",
    "incremental",
    "proc-macro",
    "sdk",
    "serde",
    "serde-json",
    "std",
    "test",
    "wit-bindgen",
];

/// Rust's keywords that a plugin name could be.
const KEYWORDS: [&str; 52] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else", "enum", "extern",
    "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv",
    "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield", "union",
];

/// The longest name.
const LONGEST: usize = 64;

macro_rules! embedded {
    ($folder:literal, $($path:literal),+ $(,)?) => {
        [$(($path, include_str!(concat!("../../../../plugin-sdk/", $folder, $path)))),+]
    };
}

/// The project's own files, with placeholders.
const TEMPLATE: [(&str, &str); 8] = embedded!(
    "template/",
    ".gitignore",
    "Cargo.toml.tmpl",
    "README.md",
    "build.rs",
    "config.schema.json",
    "fixtures.json",
    "src/lib.rs",
    "tests/plugin.rs",
);

/// The SDK, as it is.
const SDK: [(&str, &str); 23] = embedded!(
    "",
    "Cargo.toml",
    "FIXTURES.md",
    "macros/Cargo.toml",
    "macros/src/arguments.rs",
    "macros/src/expand.rs",
    "macros/src/hook.rs",
    "macros/src/lib.rs",
    "macros/src/manifest.rs",
    "src/arena.rs",
    "src/context.rs",
    "src/draft.rs",
    "src/edits.rs",
    "src/lib.rs",
    "src/log.rs",
    "src/panic.rs",
    "src/refusal.rs",
    "src/testing.rs",
    "src/testing/builders.rs",
    "src/testing/fixture.rs",
    "src/testing/play.rs",
    "src/value.rs",
    "src/wire.rs",
    "wit/claimsmith.wit",
);

/// Why no project was written.
#[derive(Debug, Error)]
pub enum NewProjectError {
    /// The name cannot be that of a plugin.
    #[error("`{name}` cannot be the name of a plugin: {reason}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is something in the place of the project.
    #[error("{} is there already and not empty; name another folder or empty it", .0.display())]
    Occupied(PathBuf),
    /// The place of the project is not a folder.
    #[error("{} is there already and no folder", .0.display())]
    NotAFolder(PathBuf),
    /// A file or folder cannot be written or read.
    #[error("cannot write {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Writes a new plugin project into `dir`, which is made where it is missing and must be empty where it is not. Answers the
/// paths of the files that were written, in the order of writing.
///
/// # Errors
///
/// [`NewProjectError`]: a name that is none, a folder in use, a file that cannot be written. Nothing is written unless name
/// and folder are good.
pub fn write_project(dir: &Path, name: &str) -> Result<Vec<PathBuf>, NewProjectError> {
    check_name(name)?;
    check_vacant(dir)?;
    let placeholders = [("{{name}}", name.to_owned()), ("{{module}}", name.replace('-', "_")), ("{{type}}", type_name(name))];
    let own = TEMPLATE.iter().map(|(path, text)| {
        let text = placeholders.iter().fold((*text).to_owned(), |text, (mark, value)| text.replace(mark, value));
        (dir.join(path.strip_suffix(".tmpl").unwrap_or(path)), text)
    });
    let sdk = SDK.iter().map(|(path, text)| (dir.join("sdk").join(path), (*text).to_owned()));
    own.chain(sdk).map(|(path, text)| write(&path, &text).map(|()| path)).collect()
}

fn check_name(name: &str) -> Result<(), NewProjectError> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.len() > LONGEST {
        "it is longer than 64 characters"
    } else if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        "only a-z, 0-9 and hyphens may stand in it"
    } else if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        "it must begin with a letter"
    } else if name.ends_with('-') || name.contains("--") {
        "a hyphen must stand between two other characters"
    } else if KEYWORDS.contains(&name) {
        "it is a keyword of Rust"
    } else if TAKEN.contains(&name) {
        "it is the name of something the project uses"
    } else {
        return Ok(());
    };
    Err(NewProjectError::Name { name: name.to_owned(), reason })
}

fn check_vacant(dir: &Path) -> Result<(), NewProjectError> {
    match fs::read_dir(dir) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(NewProjectError::Occupied(dir.to_owned())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(NewProjectError::NotAFolder(dir.to_owned())),
        Err(source) => Err(NewProjectError::Io { path: dir.to_owned(), source }),
    }
}

/// `tenant-claims` is `TenantClaims`.
fn type_name(name: &str) -> String {
    name.split('-').map(|word| format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..])).collect()
}

fn write(path: &Path, text: &str) -> Result<(), NewProjectError> {
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, text))
        .map_err(|source| NewProjectError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{NewProjectError, SDK, TEMPLATE, write_project};

    /// An empty folder of the test's own, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str) -> Self {
            let path = std::env::temp_dir().join(format!("claimsmith-{test}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir(&path).expect("a folder for the test");
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn files_below(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                files_below(root, &path, found);
            } else {
                found.insert(path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned());
            }
        }
    }

    #[test]
    fn every_file_of_sdk_and_template_is_embedded() {
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-sdk");
        let mut there = BTreeSet::new();
        files_below(&sdk, &sdk, &mut there);
        let embedded: BTreeSet<_> =
            SDK.iter().map(|(path, _)| (*path).to_owned()).chain(TEMPLATE.iter().map(|(path, _)| format!("template/{path}"))).collect();
        there.retain(|path| !path.starts_with("tests/") && !path.starts_with("macros/tests/"));
        assert_eq!(embedded, there);
    }

    #[test]
    fn no_placeholder_is_left() {
        let folder = Folder::new("placeholders");
        let written = write_project(&folder.0, "partner-gate2").expect("a project");
        for path in written.iter().filter(|path| !path.starts_with(folder.0.join("sdk"))) {
            let text = fs::read_to_string(path).expect("a file that was written");
            assert!(!text.contains("{{") && !text.contains("}}"), "{}", path.display());
        }
        let source = fs::read_to_string(folder.0.join("src/lib.rs")).expect("the plugin");
        assert!(source.contains("impl PartnerGate2 {"));
        assert!(fs::read_to_string(folder.0.join("Cargo.toml")).expect("the manifest").contains("name = \"partner-gate2\""));
        assert!(folder.0.join("sdk/wit/claimsmith.wit").is_file());
    }

    #[test]
    fn a_bad_name_writes_nothing() {
        let folder = Folder::new("names");
        for name in ["", "Tenant", "9lives", "a_b", "a--b", "-a", "a-", "a/b", "../a", "fn", "serde", "ä", &"a".repeat(65)] {
            let error = write_project(&folder.0.join("project"), name).expect_err(name);
            assert!(matches!(error, NewProjectError::Name { .. }), "{name}: {error}");
        }
        assert!(!folder.0.join("project").exists());
    }

    #[test]
    fn a_folder_in_use_is_left_alone() {
        let folder = Folder::new("occupied");
        let file = folder.0.join("notes.txt");
        fs::write(&file, "mine").expect("a file");
        assert!(matches!(write_project(&folder.0, "fine"), Err(NewProjectError::Occupied(_))));
        assert!(matches!(write_project(&file, "fine"), Err(NewProjectError::NotAFolder(_))));
        assert_eq!(fs::read_dir(&folder.0).expect("the folder").count(), 1);
    }
}
