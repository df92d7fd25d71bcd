//! Instants between the domain, which counts seconds since 1970, and PostgreSQL, which counts microseconds since 2000.

use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;

/// 2000-01-01T00:00:00Z in seconds since 1970.
const EPOCH: i64 = 946_684_800;

pub(crate) const fn to_sql(at: Timestamp) -> PgTimestamp {
    PgTimestamp(at.seconds().saturating_sub(EPOCH).saturating_mul(1_000_000))
}

pub(crate) const fn from_sql(at: PgTimestamp) -> Timestamp {
    Timestamp::from_seconds(at.0.div_euclid(1_000_000) + EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_survive_the_way_there_and_back() {
        for seconds in [0, 946_684_799, 946_684_800, 1_790_000_000, -5] {
            let at = Timestamp::from_seconds(seconds);
            assert_eq!(from_sql(to_sql(at)), at);
        }
        assert_eq!(from_sql(PgTimestamp(-1)), Timestamp::from_seconds(EPOCH - 1));
    }
}
