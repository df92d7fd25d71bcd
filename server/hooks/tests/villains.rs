//! Hostile plugins. Each is refused or contained with the fault it deserves, and the host is unharmed afterwards.
//!
//! The guests are `tests/villains/*.wat`: a line that says what it does, a line `;; fault:` with the kinds it may end in
//! (`none`: it answers), then the parts that are put into `shell.wat`.

#![allow(clippy::unwrap_used)]

#[path = "villains/calls.rs"]
mod calls;
#[path = "villains/compiling.rs"]
mod compiling;
#[path = "villains/neighbours.rs"]
mod neighbours;
#[path = "villains/rehearsal.rs"]
mod rehearsal;
#[path = "villains/stage.rs"]
mod stage;
#[path = "villains/uploads.rs"]
mod uploads;
