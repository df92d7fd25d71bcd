//! Why the pages cannot be made as the operator wants them. Every text names the file, and the line where there is one.

use std::io;
use std::path::PathBuf;

/// Why the pages cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PagesFault {
    /// A file or folder cannot be read.
    #[error("{}: {cause}", path.display())]
    File {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The logo is of no kind that is shown.
    #[error("{}: expected a file that ends in .svg, .png, .webp or .jpg, of at most 256 KiB", path.display())]
    Logo {
        /// The file.
        path: PathBuf,
    },
    /// A file in a folder of texts or templates that nobody would read.
    #[error("{}: {expected}", path.display())]
    Unknown {
        /// The setting that names the folder.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What would be right.
        expected: String,
    },
    /// A text cannot be read.
    #[error("{}:{line}: {cause}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        cause: String,
    },
    /// A template cannot be read, or fails with the data that pages have.
    #[error("{file}:{line}: {cause}")]
    Template {
        /// The file.
        file: String,
        /// The line, counted from 1; 0 where it is not known.
        line: usize,
        /// What is wrong.
        cause: String,
    },
}

impl PagesFault {
    /// The setting that leads to it.
    pub const fn setting(&self) -> &'static str {
        match self {
            Self::File { setting, .. } | Self::Unknown { setting, .. } => setting,
            Self::Logo { .. } => "pages.logo_file",
            Self::Text { .. } => "pages.texts_dir",
            Self::Template { .. } => "pages.templates_dir",
        }
    }
}
