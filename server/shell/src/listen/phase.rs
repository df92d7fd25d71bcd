//! The phases of a server's life, as its connections see them.

/// Phases follow one another in this order only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Requests are welcome.
    Open,
    /// No new connections and requests; what has begun may finish.
    Draining,
    /// Time is up.
    Closed,
}
