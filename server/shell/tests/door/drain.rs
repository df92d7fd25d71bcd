//! The end, of a connection and of the server.

use crate::rig::{Files, Rig, ask, count, ends, eventually, get, read_reply};
use claimsmith_shell::listen::{Bound, DoorFault, Drained};
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[test]
fn a_drain_finishes_what_has_begun() {
    let rig = Rig::new();
    let (mut busy, mut idle, mut idle_h2) = (rig.client(), rig.client(), rig.h2_client());
    assert_eq!(ask(&mut idle, &get("/hello")).status, 200);
    crate::frames::open(&mut idle_h2);
    busy.write_all(get("/wait").as_bytes()).unwrap();
    eventually("it is in flight", || rig.metrics().in_flight.load(Ordering::SeqCst) == 1);
    let gate = rig.handler.gate.clone();
    let addr = rig.addr;
    let client = std::thread::spawn(move || {
        assert!(ends(&mut idle).is_empty());
        assert!(crate::frames::last_goaway(&mut idle_h2).is_some(), "GOAWAY comes first");
        eventually("nobody listens", || TcpStream::connect(addr).is_err());
        gate.add_permits(1);
        let reply = read_reply(&mut busy);
        assert_eq!((reply.text(), reply.header("connection")), ("waited", Some("close")));
        assert!(ends(&mut busy).is_empty());
    });
    let drained = rig.runtime.block_on(rig.server.drain(crate::rig::PATIENCE));
    assert_eq!(drained, Drained { cut: 0 });
    client.join().unwrap();
}

#[test]
fn a_drain_cuts_what_does_not_finish() {
    let rig = Rig::new();
    let mut busy = rig.client();
    busy.write_all(get("/wait").as_bytes()).unwrap();
    eventually("it is in flight", || rig.metrics().in_flight.load(Ordering::SeqCst) == 1);
    let drained = rig.runtime.block_on(rig.server.drain(Duration::from_millis(100)));
    assert_eq!(drained, Drained { cut: 1 });
    assert!(ends(&mut busy).is_empty());
    eventually("all seats are free", || rig.metrics().active.load(Ordering::SeqCst) == 0);
}

#[test]
fn an_old_connection_is_retired_after_its_requests() {
    let rig = Rig::with(|settings| settings.max_age = Duration::from_millis(200));
    let mut client = rig.client();
    client.write_all(get("/wait").as_bytes()).unwrap();
    eventually("it is old", || count(&rig.metrics().retired) == 1);
    rig.handler.gate.add_permits(1);
    let reply = read_reply(&mut client);
    assert_eq!((reply.text(), reply.header("connection")), ("waited", Some("close")));
    assert!(ends(&mut client).is_empty());
}

#[test]
fn an_old_http2_connection_gets_goaway() {
    let rig = Rig::with(|settings| settings.max_age = Duration::from_millis(200));
    let mut client = rig.h2_client();
    crate::frames::open(&mut client);
    assert_eq!(crate::frames::last_goaway(&mut client), Some(0), "NO_ERROR");
}

#[test]
fn an_address_in_use_is_a_clear_error() {
    let rig = Rig::new();
    let files = Files::new("localhost");
    let mut listener = files.listener();
    listener.addr = rig.addr;
    let fault = Bound::bind(listener).unwrap_err();
    assert!(matches!(fault, DoorFault::InUse { .. }));
    let text = fault.to_string();
    assert!(text.contains(&format!("address already in use: {}", rig.addr)), "{text}");
    assert!(text.contains("another claimsmith") && text.contains("--listen") && text.contains("listen.public"), "{text}");
}
