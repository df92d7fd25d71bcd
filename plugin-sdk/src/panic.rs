//! What becomes of a panic in the sandbox: message and line in the plugin's log, then a trap.

use crate::log::{Level, write};

/// Sends panics to the plugin's log. The hook of the standard library would ask the environment for `RUST_BACKTRACE` and
/// write to standard error; this one does neither. On this target a panic aborts, so the call traps after the line.
pub(crate) fn report_to_log() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("(no message)");
        match panic.location() {
            Some(location) => write(Level::Error, &format!("panicked at {location}: {message}")),
            None => write(Level::Error, &format!("panicked: {message}")),
        }
    }));
}
