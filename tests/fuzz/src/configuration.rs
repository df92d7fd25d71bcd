//! The configuration file.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};

use claimsmith_shell::config::{Draft, Sources, print, read};

use crate::Outcome;

/// A file without a name, read through `/proc`: nothing is left behind, whatever ends the process.
static FILE: LazyLock<Mutex<File>> = LazyLock::new(|| Mutex::new(tempfile::tempfile().expect("a temporary file")));

/// A configuration that is accepted means the same when it is printed and read again; one that is not, says why.
pub fn run(text: &[u8]) -> Outcome {
    let serving = draft(text).check_for_serve();
    let config = match draft(text).check() {
        Ok(config) => config,
        Err(problems) => {
            assert!(!problems.0.is_empty() && problems.0.iter().all(|problem| !problem.message.is_empty()));
            assert!(serving.is_err(), "good for serving, and yet wrong");
            return Outcome::Refused;
        }
    };
    let printed = print(&config);
    let again = draft(printed.as_bytes()).check().unwrap_or_else(|problems| panic!("{problems}\n{printed}"));
    assert_eq!(config.changes(&again), [], "{printed}");
    Outcome::Accepted
}

fn draft(text: &[u8]) -> Draft {
    // Invariant: every use begins by emptying the file, so one that panicked spoils nothing.
    let mut file = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let written = file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0))).and_then(|_| file.write_all(text));
    written.expect("a temporary file takes what is written");
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    read(&Sources { file: Some(path), ..Sources::default() })
}
