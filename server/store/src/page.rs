//! Lists by key: a page begins after the last key of the one before, so that rows that come and go shift nothing.

/// The most rows of one page.
pub const PAGE_MAX: u32 = 1000;
