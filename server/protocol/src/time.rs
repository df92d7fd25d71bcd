//! Instants and lifetimes, in whole seconds, as every JWT and every response counts them.

use std::fmt;

/// Seconds since 1970-01-01T00:00:00Z, leap seconds ignored: a NumericDate (RFC 7519 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant of that many seconds since the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// The instant `lifetime` later.
    #[must_use]
    pub const fn plus(self, lifetime: Lifetime) -> Self {
        Self(self.0.saturating_add(lifetime.0 as i64))
    }

    /// Whole seconds from `earlier` to this instant; negative when this one is earlier.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// A length of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lifetime(u32);

impl Lifetime {
    /// That many seconds.
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    /// Seconds.
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_lifetimes_count_seconds() {
        let begin = Timestamp::from_seconds(1_000);
        let end = begin.plus(Lifetime::from_seconds(300));
        assert_eq!((end.seconds(), end.since(begin), begin.since(end)), (1_300, 300, -300));
        assert_eq!((end.to_string().as_str(), Lifetime::from_seconds(7).seconds()), ("1300", 7));
    }

    #[test]
    fn the_end_of_time_is_not_passed() {
        let last = Timestamp::from_seconds(i64::MAX);
        assert_eq!(last.plus(Lifetime::from_seconds(1)), last);
        assert_eq!(last.since(Timestamp::from_seconds(-1)), i64::MAX);
    }
}
