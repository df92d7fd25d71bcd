//! When there is no room left.

use crate::rig::{Rig, ask, count, ends, eventually, get, read_reply};
use std::io::Write;
use std::sync::atomic::Ordering;

#[test]
fn net_014_too_many_requests_at_once_are_503_with_retry_after() {
    let rig = Rig::with(|settings| (settings.max_in_flight, settings.retry_after) = (1, 7));
    let (mut first, mut second) = (rig.client(), rig.client());
    first.write_all(get("/wait").as_bytes()).unwrap();
    eventually("one is in flight", || rig.metrics().in_flight.load(Ordering::SeqCst) == 1);
    let reply = ask(&mut second, &get("/hello"));
    reply.assert_json_error(503, "temporarily_unavailable");
    assert_eq!(reply.header("retry-after"), Some("7"));
    rig.handler.gate.add_permits(1);
    assert_eq!(read_reply(&mut first).status, 200);
    assert_eq!(ask(&mut second, &get("/hello")).status, 200);
    assert_eq!(count(&rig.metrics().refused_busy), 1);
}

#[test]
fn an_address_has_only_its_share_of_connections() {
    let rig = Rig::with(|settings| settings.max_connections_per_address = 2);
    let (mut first, second) = (rig.client(), rig.client());
    assert!(ends(&mut rig.plain()).is_empty());
    assert_eq!(count(&rig.metrics().refused_address), 1);
    drop(second);
    eventually("its seat is free", || rig.metrics().active.load(Ordering::SeqCst) == 1);
    assert_eq!(ask(&mut rig.client(), &get("/hello")).status, 200);
    assert_eq!(ask(&mut first, &get("/hello")).status, 200);
}

#[test]
fn a_full_server_closes_new_connections() {
    let rig = Rig::with(|settings| settings.max_connections = 1);
    let mut first = rig.client();
    assert!(ends(&mut rig.plain()).is_empty());
    assert_eq!(count(&rig.metrics().refused_full), 1);
    assert_eq!(ask(&mut first, &get("/hello")).status, 200);
}

#[test]
fn connections_go_to_the_worker_with_the_fewest() {
    let rig = Rig::with(|settings| settings.workers = 2);
    let mut clients: Vec<_> = (0..8).map(|_| rig.client()).collect();
    let threads: Vec<_> = clients.iter_mut().map(|client| ask(client, &get("/thread")).text().to_owned()).collect();
    assert_eq!(threads.iter().filter(|name| *name == "serve-0").count(), 4, "{threads:?}");
    assert_eq!(threads.iter().filter(|name| *name == "serve-1").count(), 4, "{threads:?}");
}
