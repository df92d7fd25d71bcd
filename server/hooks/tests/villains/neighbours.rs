//! Villains among honest neighbours: shared slots, left-over memory, cancelled calls, repeated faults.

use std::sync::Arc;
use std::time::Duration;

use claimsmith_hooks::{FaultKind, HookFault, Host, Limits, Settings};
use claimsmith_issuer::hook::HookPoint;
use tokio::task::LocalSet;

use crate::stage::{assert_unharmed, call, call_within, fault, honest_answer, host, plugin, settings};

#[tokio::test]
async fn plg_006_memory_of_one_call_is_gone_in_the_next() {
    let host = Host::new(Settings { slots: 1, ..settings() }, [7; 32]).unwrap();
    let (writer, reader) = (plugin(&host, "residue_writer"), plugin(&host, "residue_reader"));
    for _ in 0..3 {
        assert!(call(&host, &writer, "first").await.answer.is_ok());
        assert!(call(&host, &reader, "second").await.answer.is_ok(), "it found something");
    }
}

#[tokio::test]
async fn when_all_slots_are_taken_calls_wait_instead_of_failing() {
    let host = Arc::new(Host::new(Settings { slots: 1, queue_wait: Duration::from_secs(60), ..settings() }, [7; 32]).unwrap());
    let (slow, honest) = (plugin(&host, "loop_in_export"), plugin(&host, "honest"));
    let limits = Limits { fuel: u64::MAX / 2, ..Limits::default() };
    LocalSet::new()
        .run_until(async move {
            let held = tokio::task::spawn_local({
                let (host, slow) = (Arc::clone(&host), Arc::clone(&slow));
                async move { fault(call_within(&host, &slow, "first", &limits).await) }
            });
            let waiting: Vec<_> = (0..50)
                .map(|_| {
                    let (host, honest) = (Arc::clone(&host), Arc::clone(&honest));
                    tokio::task::spawn_local(async move { call(&host, &honest, "second").await.answer })
                })
                .collect();
            for answer in waiting {
                assert_eq!(answer.await.unwrap(), Ok(Ok(honest_answer("second"))));
            }
            assert_eq!(held.await.unwrap(), HookFault::TimedOut);
        })
        .await;
}

#[tokio::test]
async fn waiting_for_a_slot_ends() {
    let host = Arc::new(Host::new(Settings { slots: 1, queue_wait: Duration::from_millis(1), ..settings() }, [7; 32]).unwrap());
    let (slow, honest) = (plugin(&host, "loop_in_export"), plugin(&host, "honest"));
    let limits = Limits { fuel: u64::MAX / 2, wall: Duration::from_secs(1), ..Limits::default() };
    LocalSet::new()
        .run_until(async move {
            let held = tokio::task::spawn_local({
                let (host, slow) = (Arc::clone(&host), Arc::clone(&slow));
                async move { fault(call_within(&host, &slow, "first", &limits).await) }
            });
            tokio::task::yield_now().await;
            assert_eq!(fault(call(&host, &honest, "second").await), HookFault::Busy);
            held.abort();
            assert!(held.await.is_err());
            assert_unharmed(&host, &honest, "a cancelled call").await;
        })
        .await;
}

#[tokio::test]
async fn a_call_that_overruns_lets_others_pass_and_its_own_kind_wait() {
    let host = Arc::new(Host::new(Settings { cores: 2, queue: 4, queue_wait: Duration::from_secs(60), ..settings() }, [7; 32]).unwrap());
    let (slow, honest) = (plugin(&host, "loop_in_export"), plugin(&host, "honest"));
    let limits = Limits { fuel: u64::MAX / 2, wall: Duration::from_millis(300), ..Limits::default() };
    LocalSet::new()
        .run_until(async move {
            let mut calls = Vec::new();
            for _ in 0..20 {
                let (host, slow, limits) = (Arc::clone(&host), Arc::clone(&slow), limits.clone());
                calls.push(tokio::task::spawn_local(async move { fault(call_within(&host, &slow, "first", &limits).await) }));
            }
            tokio::task::yield_now().await;
            // The first is under way and overran; an honest neighbour is served long before it ends.
            assert_unharmed(&host, &honest, "while another overruns").await;
            assert!(!calls[0].is_finished(), "it still runs");
            let mut faults = Vec::new();
            for call in calls {
                faults.push(call.await.unwrap());
            }
            let busy = faults.iter().filter(|fault| **fault == HookFault::Busy).count();
            assert!(busy >= 15, "beyond one that runs and four that wait, all are turned away: {faults:?}");
            assert_eq!(faults[0], HookFault::TimedOut);
            assert_unharmed(&host, &honest, "a flood").await;
        })
        .await;
}

#[tokio::test]
async fn a_call_dropped_in_the_middle_leaves_nothing_behind() {
    let host = host();
    let (slow, honest) = (plugin(&host, "loop_in_export"), plugin(&host, "honest"));
    let limits = Limits { fuel: u64::MAX / 2, wall: Duration::from_secs(60), ..Limits::default() };
    for _ in 0..20 {
        let ended = tokio::time::timeout(Duration::from_millis(5), call_within(&host, &slow, "first", &limits)).await;
        assert!(ended.is_err(), "it was dropped while it ran");
    }
    assert_unharmed(&host, &honest, "dropped calls").await;
    let soon = Limits { fuel: 1000, ..Limits::default() };
    assert_eq!(fault(call_within(&host, &slow, "first", &soon).await), HookFault::OutOfFuel, "its places are free again");
}

#[tokio::test]
async fn a_plugin_that_keeps_failing_is_given_a_rest() {
    let host = Host::new(Settings { breaker_faults: 3, breaker_rest: Duration::from_secs(3600), ..settings() }, [7; 32]).unwrap();
    let (villain, honest) = (plugin(&host, "trap_in_export"), plugin(&host, "honest"));
    for _ in 0..3 {
        assert!(matches!(fault(call(&host, &villain, "first").await), HookFault::Trapped { .. }));
    }
    assert!(matches!(fault(call(&host, &villain, "first").await), HookFault::Broken { .. }));
    assert_unharmed(&host, &honest, "an open circuit").await;
    let stats = villain.stats(HookPoint::AccessToken).unwrap();
    assert_eq!((stats.calls(), stats.faults(FaultKind::Trapped), stats.faults(FaultKind::Broken)), (4, 3, 1));
}

#[tokio::test]
async fn a_hook_the_plugin_lacks_is_never_entered() {
    let host = host();
    let honest = plugin(&host, "honest");
    assert_eq!(honest.hooks().collect::<Vec<_>>(), [HookPoint::AccessToken]);
    assert!(honest.stats(HookPoint::Introspection).is_none());
}

/// CPU time of this thread.
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

#[tokio::test]
async fn plg_007_a_plugin_that_is_slow_as_a_habit_leaves_the_thread_to_others() {
    let host = host();
    let (slow, honest) = (plugin(&host, "burns_and_answers"), plugin(&host, "honest"));
    let (mut here, mut calls) = (Duration::ZERO, 0);
    while !slow.is_slow() {
        let before = thread_time();
        assert!(call(&host, &slow, "first").await.answer.is_ok());
        here += thread_time() - before;
        calls += 1;
        assert!(calls < 50, "calls of milliseconds make it slow");
    }
    let mut aside = Duration::ZERO;
    for _ in 0..calls {
        let before = thread_time();
        assert!(call(&host, &slow, "first").await.answer.is_ok(), "it is slow, not forbidden");
        aside += thread_time() - before;
        assert_unharmed(&host, &honest, "a slow call").await;
    }
    assert!(aside < here / 2, "{calls} calls cost this thread {here:?} at first and {aside:?} then");
    assert!(!honest.is_slow());
}

#[tokio::test]
async fn a_slow_call_that_is_dropped_gives_back_its_turn() {
    let host = Host::new(Settings { cores: 2, slots: 1, queue_wait: Duration::from_secs(60), ..settings() }, [7; 32]).unwrap();
    let (slow, endless) = (plugin(&host, "burns_and_answers"), plugin(&host, "loop_in_export"));
    let limits = Limits { fuel: u64::MAX / 2, wall: Duration::from_millis(20), ..Limits::default() };
    for _ in 0..3 {
        assert_eq!(fault(call_within(&host, &endless, "first", &limits).await), HookFault::TimedOut);
    }
    assert!(endless.is_slow());
    let limits = Limits { wall: Duration::from_secs(60), ..limits };
    for _ in 0..5 {
        let ended = tokio::time::timeout(Duration::from_millis(20), call_within(&host, &endless, "first", &limits)).await;
        assert!(ended.is_err(), "it was dropped while it ran");
    }
    for _ in 0..3 {
        assert!(call(&host, &slow, "second").await.answer.is_ok(), "thread and slot are free again");
    }
}
