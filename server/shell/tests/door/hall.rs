//! One request at a time, over HTTP/1.1.

use crate::rig::{Rig, ask, count, ends, get, post, read_reply};
use std::io::Write;
use std::sync::atomic::Ordering;
use std::time::Instant;

#[test]
fn requests_follow_one_another_on_a_connection() {
    let rig = Rig::new();
    let mut client = rig.client();
    for _ in 0..3 {
        let reply = ask(&mut client, &post("/echo", "a=b"));
        assert_eq!((reply.status, reply.text()), (200, "a=b"));
    }
    assert_eq!(ask(&mut client, &get("/hello")).text(), "hello");
    assert_eq!(count(&rig.metrics().requests), 4);
    assert_eq!(rig.metrics().in_flight.load(Ordering::SeqCst), 0);
}

#[test]
fn net_011_a_chunked_body_is_a_body() {
    let rig = Rig::new();
    let mut client = rig.client();
    let head = "POST /echo HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    client.write_all(head.as_bytes()).unwrap();
    // Five frames: the first, the second and the later ones each take another road.
    for chunk in ["3\r\nabc\r\n", "4;x=y\r\ndefg\r\n", "1\r\nh\r\n", "2\r\nij\r\n", "1\r\nk\r\n", "0\r\n\r\n"] {
        client.write_all(chunk.as_bytes()).unwrap();
    }
    let reply = read_reply(&mut client);
    assert_eq!((reply.status, reply.text()), (200, "abcdefghijk"));
    assert_eq!(ask(&mut client, &get("/hello")).status, 200);
}

#[test]
fn net_010_a_body_above_its_limit_is_413_in_json() {
    let rig = Rig::new();
    let mut client = rig.client();
    let at_limit = ask(&mut client, &post("/echo", &"x".repeat(1024)));
    assert_eq!(at_limit.status, 200);
    ask(&mut client, &post("/echo", &"x".repeat(1025))).assert_json_error(413, "invalid_request");
    // A mebibyte on its way is thrown away, so that the client reads the answer, and the connection lives on.
    ask(&mut client, &post("/echo", &"x".repeat(1 << 20))).assert_json_error(413, "invalid_request");
    assert_eq!(ask(&mut client, &get("/hello")).status, 200);
    assert_eq!(rig.handler.calls.load(Ordering::SeqCst), 2);
}

#[test]
fn net_010_a_chunked_body_above_its_limit_is_413() {
    let rig = Rig::new();
    let mut client = rig.client();
    let chunks = format!("400\r\n{}\r\n", "x".repeat(1024)).repeat(2);
    let request = format!("POST /echo HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");
    ask(&mut client, &request).assert_json_error(413, "invalid_request");
    assert_eq!(ask(&mut client, &get("/hello")).status, 200);
}

#[test]
fn a_body_beyond_patience_is_answered_and_the_connection_closed() {
    let rig = Rig::new();
    let mut client = rig.client();
    let head = "POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000000\r\n\r\n";
    let reply = ask(&mut client, head);
    reply.assert_json_error(413, "invalid_request");
    assert_eq!(reply.header("connection"), Some("close"));
    ends(&mut client);
}

#[test]
fn a_client_that_waits_for_100_is_refused_before_it_sends() {
    let rig = Rig::new();
    let mut client = rig.client();
    let head =
        |path, length| format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n");
    client.write_all(head("/echo", 3).as_bytes()).unwrap();
    let mut interim = [0; 25];
    std::io::Read::read_exact(&mut client, &mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(ask(&mut client, "abc").text(), "abc");
    ask(&mut client, &head("/echo", 5000)).assert_json_error(413, "invalid_request");
    ends(&mut client);
}

#[test]
fn net_006_what_admission_refuses_is_answered_before_the_body() {
    let rig = Rig::new();
    let mut client = rig.client();
    let reply = ask(&mut client, &get("/echo"));
    reply.assert_json_error(405, "invalid_request");
    assert_eq!(reply.header("allow"), Some("POST"));
    ask(&mut client, &post("/nowhere", "abc")).assert_json_error(404, "not_found");
    assert_eq!(ask(&mut client, &post("/echo", "abc")).text(), "abc");
    assert_eq!(rig.handler.calls.load(Ordering::SeqCst), 1);
}

#[test]
fn net_017_head_is_get_without_its_body() {
    let rig = Rig::new();
    let mut client = rig.client();
    client.write_all(get("/hello").replace("GET", "HEAD").as_bytes()).unwrap();
    client.write_all(get("/hello").as_bytes()).unwrap();
    let mut both = Vec::new();
    while !both.ends_with(b"hello") {
        let mut byte = [0];
        std::io::Read::read_exact(&mut client, &mut byte).unwrap();
        both.push(byte[0]);
    }
    let both = String::from_utf8(both).unwrap();
    assert_eq!(both.matches("HTTP/1.1 200 OK").count(), 2, "{both}");
    assert_eq!(both.matches("content-length: 5\r\n").count(), 2, "{both}");
    assert_eq!(both.matches("hello").count(), 1, "{both}");
}

#[test]
fn an_answer_without_content_has_no_length() {
    let rig = Rig::new();
    let mut client = rig.client();
    let reply = ask(&mut client, &get("/nothing"));
    assert_eq!((reply.status, reply.header("content-length")), (204, None));
    assert_eq!(ask(&mut client, &get("/hello")).text(), "hello");
}

#[test]
fn tok_022_a_panic_is_a_json_error_and_harms_nobody() {
    let rig = Rig::new();
    let mut client = rig.client();
    ask(&mut client, &get("/panic")).assert_json_error(500, "server_error");
    assert_eq!(ask(&mut client, &get("/hello")).status, 200);
    assert_eq!(count(&rig.metrics().panics), 1);
    assert_eq!(rig.metrics().in_flight.load(Ordering::SeqCst), 0);
}

#[test]
fn tok_022_a_large_head_is_a_json_error() {
    let rig = Rig::with(|settings| settings.max_head_bytes = 2048);
    let mut client = rig.client();
    let request = |size| format!("GET /hello HTTP/1.1\r\nhost: localhost\r\nx-fill: {}\r\n\r\n", "x".repeat(size));
    assert_eq!(ask(&mut client, &request(1900)).status, 200);
    ask(&mut client, &request(2048)).assert_json_error(431, "invalid_request");
    ask(&mut client, &get(&format!("/hello?{}", "x".repeat(2048)))).assert_json_error(431, "invalid_request");
}

#[test]
fn a_head_without_end_is_refused() {
    let rig = Rig::with(|settings| settings.max_head_bytes = 2048);
    let mut client = rig.client();
    client.write_all(b"GET /hello HTTP/1.1\r\nhost: localhost\r\n").unwrap();
    for _ in 0..100 {
        if client.write_all(format!("x-fill: {}\r\n", "x".repeat(1000)).as_bytes()).is_err() {
            break;
        }
    }
    let seen = String::from_utf8(ends(&mut client)).unwrap();
    assert!(seen.is_empty() || seen.starts_with("HTTP/1.1 431 "), "{seen}");
    assert!(!seen.contains("text/html"));
}

/// What is no HTTP never becomes a request, so that no answer of ours can be given: hyper's have a status and no body.
#[test]
fn what_is_no_http_has_a_status_an_empty_body_and_the_end_of_the_connection() {
    let rig = Rig::with(|settings| settings.max_head_bytes = 2048);
    let many: String = (0..101).map(|number| format!("x-{number}: y\r\n")).collect();
    let huge = format!("x-fill: {}\r\n", "x".repeat(100_000));
    for (request, status) in [
        ("NOT HTTP AT ALL\r\n\r\n".to_owned(), "400"),
        ("GET /hello HTTP/1.1\r\nhost: localhost\r\nno colon\r\n\r\n".to_owned(), "400"),
        ("GET /hello HTTP/1.1\r\nhost: localhost\r\nx: \0\r\n\r\n".to_owned(), "400"),
        ("POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: ten\r\n\r\n".to_owned(), "400"),
        (format!("GET /hello HTTP/1.1\r\nhost: localhost\r\n{many}\r\n"), "431"),
        (format!("GET /hello HTTP/1.1\r\nhost: localhost\r\n{huge}\r\n"), "431"),
    ] {
        let mut client = rig.client();
        let _ = client.write_all(request.as_bytes());
        let seen = String::from_utf8(ends(&mut client)).unwrap();
        let start = &request[..request.len().min(60)];
        // A peer that is still sending may meet the reset before it reads.
        let reset = seen.is_empty() && request.len() > 10_000;
        assert!(reset || seen.starts_with(&format!("HTTP/1.1 {status} ")), "{start:?}: {seen}");
        assert!(reset || (seen.ends_with("\r\n\r\n") && seen.matches("\r\n\r\n").count() == 1), "{start:?}: {seen}");
    }
    assert_eq!(rig.handler.calls.load(Ordering::SeqCst), 0);
    assert_eq!(ask(&mut rig.client(), &get("/hello")).status, 200);
}

#[test]
fn http_1_1_needs_exactly_one_host() {
    let rig = Rig::new();
    ask(&mut rig.client(), "GET /hello HTTP/1.1\r\n\r\n").assert_json_error(400, "invalid_request");
    let two = "GET /hello HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n";
    ask(&mut rig.client(), two).assert_json_error(400, "invalid_request");
}

#[test]
fn a_length_beside_chunks_smuggles_nothing() {
    let rig = Rig::new();
    let mut client = rig.client();
    let request = "POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n\
                   0\r\n\r\nGET /hello HTTP/1.1\r\nhost: localhost\r\n\r\n";
    client.write_all(request.as_bytes()).unwrap();
    let seen = String::from_utf8(ends(&mut client)).unwrap();
    assert!(!seen.contains("hello"), "{seen}");
}

#[test]
fn an_answer_leaves_no_earlier_than_it_may_and_holds_no_place() {
    let rig = Rig::with(|settings| settings.max_in_flight = 1);
    let (mut first, mut second) = (rig.client(), rig.client());
    let before = Instant::now();
    first.write_all(get("/later").as_bytes()).unwrap();
    crate::rig::eventually("the handler has answered", || rig.handler.calls.load(Ordering::SeqCst) == 1);
    crate::rig::eventually("its place is free", || rig.metrics().in_flight.load(Ordering::SeqCst) == 0);
    assert_eq!(ask(&mut second, &get("/hello")).status, 200);
    assert_eq!(read_reply(&mut first).text(), "later");
    assert!(before.elapsed() >= std::time::Duration::from_millis(300));
}

#[test]
fn tok_022_what_is_no_http_is_refused_without_html() {
    let rig = Rig::new();
    for nonsense in
        ["nonsense\r\n\r\n", "GET  /hello HTTP/1.1\r\n\r\n", "GET /hello HTTP/9.9\r\n\r\n", "GET /hello HTTP/1.1\r\nbad header\r\n\r\n"]
    {
        let mut client = rig.client();
        client.write_all(nonsense.as_bytes()).unwrap();
        let seen = String::from_utf8(ends(&mut client)).unwrap();
        assert!(seen.is_empty() || seen.starts_with("HTTP/1.1 400 "), "{seen}");
        assert!(!seen.to_ascii_lowercase().contains("html"), "{seen}");
    }
    assert_eq!(rig.handler.calls.load(Ordering::SeqCst), 0);
}

#[test]
fn unusual_targets_reach_no_endpoint() {
    let rig = Rig::new();
    for target in ["OPTIONS *", "CONNECT localhost:443"] {
        let request = format!("{target} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        ask(&mut rig.client(), &request).assert_json_error(404, "not_found");
    }
    // RFC 9112 §3.2.2: the absolute form names the same path, whatever host it names.
    let absolute = "GET https://evil.example/hello HTTP/1.1\r\nhost: localhost\r\n\r\n";
    assert_eq!(ask(&mut rig.client(), absolute).text(), "hello");
}
