//! Peers that take their time.

use crate::rig::{Rig, ask, count, ends, eventually, get, read_reply};
use std::io::{Read, Write};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(200);

#[test]
fn a_handshake_that_never_begins_ends() {
    let rig = Rig::with(|settings| settings.handshake_timeout = SHORT);
    assert!(ends(&mut rig.plain()).is_empty());
    eventually("it is counted", || count(&rig.metrics().timeouts_handshake) == 1);
}

#[test]
fn slow_headers_end_the_connection() {
    let rig = Rig::with(|settings| settings.head_timeout = SHORT);
    let mut client = rig.client();
    // A byte now and then does not extend the deadline.
    for byte in get("/hello").bytes().cycle().take(2000).filter(|byte| *byte != b'\n') {
        if client.write_all(&[byte]).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(ends(&mut client).is_empty());
    assert_eq!(count(&rig.metrics().timeouts_head), 1);
}

#[test]
fn slow_headers_of_a_later_request_end_the_connection() {
    let rig = Rig::with(|settings| settings.head_timeout = SHORT);
    let mut client = rig.client();
    assert_eq!(ask(&mut client, &get("/hello")).status, 200);
    client.write_all(b"GET /he").unwrap();
    assert!(ends(&mut client).is_empty());
    eventually("it is counted", || count(&rig.metrics().timeouts_head) == 1);
}

#[test]
fn a_connection_that_asks_nothing_ends() {
    let rig = Rig::with(|settings| settings.head_timeout = SHORT);
    assert!(ends(&mut rig.client()).is_empty());
    assert!(!ends(&mut rig.h2_client()).is_empty(), "our settings came");
    eventually("both are counted", || count(&rig.metrics().timeouts_head) == 2);
}

#[test]
fn an_idle_connection_ends() {
    let rig = Rig::with(|settings| settings.idle_timeout = SHORT);
    let mut client = rig.client();
    assert_eq!(ask(&mut client, &get("/hello")).status, 200);
    assert!(ends(&mut client).is_empty());
    assert_eq!(count(&rig.metrics().timeouts_idle), 1);
    assert_eq!(count(&rig.metrics().timeouts_head), 0);
}

#[test]
fn a_working_request_is_not_idle() {
    let rig = Rig::with(|settings| (settings.idle_timeout, settings.head_timeout) = (SHORT, SHORT));
    let mut client = rig.client();
    client.write_all(get("/wait").as_bytes()).unwrap();
    std::thread::sleep(SHORT * 4);
    rig.handler.gate.add_permits(1);
    assert_eq!(read_reply(&mut client).text(), "waited");
}

#[test]
fn a_slow_body_is_408_in_json() {
    let rig = Rig::with(|settings| settings.body_timeout = SHORT);
    let mut client = rig.client();
    let request = "POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nabc";
    let reply = ask(&mut client, request);
    reply.assert_json_error(408, "invalid_request");
    assert_eq!(reply.header("connection"), Some("close"));
    ends(&mut client);
    assert_eq!(count(&rig.metrics().timeouts_body), 1);
}

#[test]
fn a_slow_reader_does_not_hold_its_connection() {
    let rig = Rig::with(|settings| settings.write_timeout = SHORT);
    let mut client = rig.client();
    client.write_all(get("/big").as_bytes()).unwrap();
    eventually("the connection is cut", || count(&rig.metrics().timeouts_write) == 1);
    eventually("its seat is free", || rig.metrics().active.load(std::sync::atomic::Ordering::SeqCst) == 0);
    assert!(ends(&mut client).len() < 16 << 20);
}

#[test]
fn a_patient_reader_gets_everything() {
    let rig = Rig::new();
    let mut client = rig.client();
    client.write_all(get("/big").as_bytes()).unwrap();
    let mut first = [0; 1];
    client.read_exact(&mut first).unwrap();
    std::thread::sleep(SHORT);
    let mut rest = vec![0; 16 << 20];
    client.read_exact(&mut rest).unwrap();
}
