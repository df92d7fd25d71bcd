//! Villains that misbehave when called.

use claimsmith_hooks::{HookFault, Level, Limits, Settings, inspect};

use crate::stage::{assert_unharmed, call, call_within, fault, guest, guests, host, plugin};

#[tokio::test]
async fn plg_003_every_villain_is_contained_and_nobody_is_harmed() {
    let host = host();
    let honest = plugin(&host, "honest");
    let guests = guests();
    assert!(guests.len() > 50, "the villains are there");
    for guest in guests {
        let villain = host.load_trusted(&guest.component).unwrap_or_else(|error| panic!("{}: {error}", guest.name));
        for round in 0..3 {
            let call = call(&host, &villain, "first").await;
            match &call.answer {
                Ok(_) => assert!(guest.may_answer, "{} round {round}: it answered", guest.name),
                Err(fault) => {
                    let kind = fault.kind().as_str();
                    assert!(guest.faults.iter().any(|expected| expected == kind), "{} round {round}: {fault:?}", guest.name);
                }
            }
            let said: usize = call.log.iter().map(|line| line.text.len()).sum();
            assert!(said <= host.settings().limits.logs + 100, "{}: {said} bytes of log", guest.name);
            assert!(!call.log.iter().any(|line| line.text.contains(char::is_control)), "{}: control characters", guest.name);
            assert!(call.fuel <= host.settings().limits.fuel, "{}: {} fuel", guest.name, call.fuel);
        }
        assert_unharmed(&host, &honest, &guest.name).await;
    }
}

#[test]
fn every_villain_would_pass_inspection() {
    // Otherwise the sandbox is not what contains it.
    for guest in guests() {
        let inspection = inspect(&guest.component, &Settings::default()).unwrap_or_else(|error| panic!("{}: {error}", guest.name));
        assert!(inspection.component.len() < guest.component.len(), "{}: names are stripped", guest.name);
    }
}

#[tokio::test]
async fn what_a_guest_logged_before_it_trapped_is_kept() {
    let host = host();
    let call = call(&host, &plugin(&host, "trap_after_log"), "first").await;
    assert_eq!(call.log.len(), 1);
    assert_eq!((call.log[0].level, call.log[0].text.as_str()), (Level::Error, "seen"));
    assert!(matches!(call.answer, Err(HookFault::Trapped { .. })));
}

#[tokio::test]
async fn fuel_alone_stops_a_loop() {
    let host = host();
    let limits = Limits { fuel: 100_000, wall: std::time::Duration::from_secs(60), ..Limits::default() };
    let villain = plugin(&host, "loop_in_export");
    assert_eq!(fault(call_within(&host, &villain, "first", &limits).await), HookFault::OutOfFuel);
}

#[tokio::test]
async fn the_clock_alone_stops_a_loop_in_every_phase() {
    let host = host();
    let limits = Limits { fuel: u64::MAX / 2, ..Limits::default() };
    for name in ["loop_in_export", "loop_in_start", "loop_in_realloc", "loop_in_post_return", "memory_fill", "memory_grow_for_ever"] {
        let villain = plugin(&host, name);
        assert_eq!(fault(call_within(&host, &villain, "first", &limits).await), HookFault::TimedOut, "{name}");
    }
}

#[tokio::test]
async fn no_time_at_all_is_enough_for_the_honest_only() {
    let host = host();
    let limits = Limits { fuel: u64::MAX / 2, wall: std::time::Duration::ZERO, ..Limits::default() };
    let (villain, honest) = (plugin(&host, "loop_in_export"), plugin(&host, "honest"));
    assert_eq!(fault(call_within(&host, &villain, "first", &limits).await), HookFault::TimedOut);
    assert!(call_within(&host, &honest, "first", &limits).await.answer.is_ok());
}

#[tokio::test]
async fn the_memory_of_a_binding_is_a_limit_of_its_own() {
    let host = host();
    let limits = Limits { memory: 65_536, ..Limits::default() };
    let villain = plugin(&host, "memory_grow_at_once");
    assert_eq!(fault(call_within(&host, &villain, "first", &limits).await), HookFault::MemoryLimit);
    let big = plugin(&host, "residue_reader");
    assert_eq!(fault(call_within(&host, &big, "first", &limits).await), HookFault::MemoryLimit);
}

#[tokio::test]
async fn input_beyond_the_limit_never_reaches_the_guest() {
    let host = host();
    let honest = plugin(&host, "honest");
    let call = call(&host, &honest, &"x".repeat(300_000)).await;
    assert!(matches!(call.answer, Err(HookFault::InputTooBig { .. })));
    assert_eq!(call.fuel, 0);
    assert_unharmed(&host, &honest, "too much input").await;
}

#[tokio::test]
async fn the_same_input_gives_the_same_answer_and_fuel() {
    let host = host();
    let honest = host.load_trusted(&guest("honest").component).unwrap();
    let (one, two) = (call(&host, &honest, "first").await, call(&host, &honest, "first").await);
    assert_eq!((one.answer, one.fuel), (two.answer, two.fuel));
}
