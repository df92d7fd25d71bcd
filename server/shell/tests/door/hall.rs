//! One request at a time, over HTTP/1.1.

use crate::rig::{Rig, ask, count, get, post, read_reply};
use std::io::Write;
use std::sync::atomic::Ordering;

#[test]
fn requests_follow_one_another_on_a_connection() {
    let rig = Rig::new();
    let mut client = rig.client();
    for _ in 0..3 {
        let reply = ask(&mut client, &post("/echo", "a=b"));
        assert_eq!((reply.status, reply.text()), (200, "a=b"));
    }
    assert_eq!(ask(&mut client, &get("/hello")).text(), "hello");
}
