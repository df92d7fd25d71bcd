//! The steady hand: when a refusal leaves says nothing about how much work it was.
//!
//! Every `invalid_client` leaves at a multiple of 50 ms after its request arrived, so that an unknown client, a wrong
//! secret and keys that could not be fetched look alike to someone with a stopwatch.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// What `invalid_client` answers are rounded up to.
pub const QUANTUM: Duration = Duration::from_millis(50);

/// Waits until the next multiple of `quantum` after `arrived`; an answer that is ready at once waits one quantum. Only a
/// timer is held meanwhile.
///
/// Security: the caller gives back its permits first. One who holds them here lets wrong secrets keep right ones out.
pub async fn hold(arrived: Instant, quantum: Duration) {
    sleep_until(departure(arrived, Instant::now(), quantum)).await;
}

/// The first multiple of `quantum` after `arrived` that is not over, counted from one quantum on.
fn departure(arrived: Instant, now: Instant, quantum: Duration) -> Instant {
    let spent = now.saturating_duration_since(arrived).as_nanos();
    let periods = spent.div_ceil(quantum.as_nanos().max(1)).max(1);
    let nanos = periods.saturating_mul(quantum.as_nanos());
    arrived + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn departures_are_multiples_of_the_quantum() {
        let arrived = Instant::now();
        let table = [(0, 50), (1, 50), (49, 50), (50, 50), (51, 100), (100, 100), (101, 150), (4_999, 5_000)];
        for (spent, leaves) in table {
            let now = arrived + Duration::from_millis(spent);
            assert_eq!(departure(arrived, now, QUANTUM), arrived + Duration::from_millis(leaves), "after {spent} ms");
        }
        let early = arrived - Duration::from_secs(1);
        assert_eq!(departure(arrived, early, QUANTUM), arrived + QUANTUM, "a clock that lags does not answer early");
        assert_eq!(departure(arrived, arrived, Duration::ZERO), arrived, "no quantum, no waiting");
    }

    #[tokio::test(start_paused = true)]
    async fn cheap_and_costly_refusals_leave_together() {
        let arrived = Instant::now();
        let cheap = async {
            hold(arrived, QUANTUM).await;
            Instant::now()
        };
        let costly = async {
            tokio::time::sleep(Duration::from_millis(37)).await;
            hold(arrived, QUANTUM).await;
            Instant::now()
        };
        let (cheap, costly) = tokio::join!(cheap, costly);
        assert_eq!(cheap, costly);
        assert!(cheap >= arrived + QUANTUM);
    }
}
