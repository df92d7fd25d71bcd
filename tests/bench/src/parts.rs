//! The parts of a token, each a fixed program that is measured alone: CPU microseconds per turn, best of five rounds.
//!
//! What the whole is held against depends on these: they change in commits of their own.

pub mod assertion;
pub mod desk;
pub mod door;
pub mod plugin;
pub mod records;
pub mod sign;
