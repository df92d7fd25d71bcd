//! HTTP/2 by hand, for peers that do not keep to it.

use crate::rig::{Rig, count, ends, eventually};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub(crate) type Stream = openssl::ssl::SslStream<TcpStream>;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ENHANCE_YOUR_CALM: u32 = 11;

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// RFC 7541 by static table: GET or POST, https, path, authority.
fn request_block(method: u8, path: &str) -> Vec<u8> {
    let mut block = vec![method, 0x87, 0x04, u8::try_from(path.len()).unwrap()];
    block.extend(path.bytes());
    block.extend([0x01, 9]);
    block.extend(b"localhost");
    block
}

fn get(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &request_block(0x82, path))
}

/// Preface, our empty settings, their settings acknowledged, one request answered.
pub(crate) fn open(client: &mut Stream) {
    open_with(client, &[]);
    client.write_all(&get(1, "/hello")).unwrap();
    loop {
        let (kind, flags, stream, _) = read_frame(client).expect("an answer comes");
        if kind == DATA && stream == 1 && flags & END_STREAM != 0 {
            return;
        }
    }
}

fn open_with(client: &mut Stream, settings: &[u8]) {
    client.write_all(PREFACE).unwrap();
    client.write_all(&frame(SETTINGS, 0, 0, settings)).unwrap();
    client.write_all(&frame(SETTINGS, ACK, 0, &[])).unwrap();
}

fn read_frame(client: &mut Stream) -> Option<(u8, u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    client.read_exact(&mut head).ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; length as usize];
    client.read_exact(&mut payload).ok()?;
    Some((head[3], head[4], u32::from_be_bytes(head[5..9].try_into().unwrap()), payload))
}

/// Reads to the end, answering pings; the code of the last GOAWAY, if there was one.
pub(crate) fn last_goaway(client: &mut Stream) -> Option<u32> {
    let mut code = None;
    while let Some((kind, flags, _, payload)) = read_frame(client) {
        match kind {
            GOAWAY => code = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap())),
            PING if flags & ACK == 0 => {
                let _ = client.write_all(&frame(PING, ACK, 0, &payload));
            }
            _ => {}
        }
    }
    code
}

/// Sends until the server has had enough, reading nothing; fails if it never has.
fn flood(client: &mut Stream, rounds: u32, mut next: impl FnMut(u32) -> Vec<u8>) {
    for round in 0..rounds {
        if client.write_all(&next(round)).is_err() {
            return;
        }
    }
    panic!("the flood was never stopped");
}

#[test]
fn a_ping_flood_is_cut() {
    let rig = Rig::new();
    let mut client = rig.h2_client();
    open(&mut client);
    flood(&mut client, 20_000, |_| frame(PING, 0, 0, &[0; 8]).repeat(100));
    eventually("it is counted", || count(&rig.metrics().floods) + count(&rig.metrics().timeouts_write) == 1);
}

#[test]
fn a_settings_flood_is_cut() {
    let rig = Rig::new();
    let mut client = rig.h2_client();
    open(&mut client);
    flood(&mut client, 20_000, |_| frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]).repeat(100));
    eventually("the connection is gone", || rig.metrics().active.load(std::sync::atomic::Ordering::SeqCst) == 0);
}

#[test]
fn a_flood_of_acknowledgements_nobody_asked_for_is_cut() {
    let rig = Rig::new();
    let mut client = rig.h2_client();
    open(&mut client);
    flood(&mut client, 20_000, |_| frame(PING, ACK, 0, &[0; 8]).repeat(100));
    eventually("it is counted", || count(&rig.metrics().floods) == 1);
}

#[test]
fn a_window_update_flood_is_cut() {
    let rig = Rig::new();
    let mut client = rig.h2_client();
    open(&mut client);
    flood(&mut client, 20_000, |_| frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]).repeat(100));
    eventually("it is counted", || count(&rig.metrics().floods) == 1);
}

#[test]
fn an_empty_data_flood_is_cut() {
    let rig = Rig::new();
    let mut client = rig.h2_client();
    open(&mut client);
    client.write_all(&frame(HEADERS, END_HEADERS, 3, &request_block(0x83, "/echo"))).unwrap();
    flood(&mut client, 20_000, |_| frame(DATA, 0, 3, &[]).repeat(100));
    eventually("the connection is gone", || rig.metrics().active.load(std::sync::atomic::Ordering::SeqCst) == 0);
}

#[test]
fn a_continuation_flood_is_cut() {
    let rig = Rig::new();
    let mut client = rig.h2_client();
    open(&mut client);
    client.write_all(&frame(HEADERS, END_STREAM, 3, &request_block(0x82, "/hello"))).unwrap();
    // Literal header fields without end: each "x: y".
    flood(&mut client, 20_000, |_| frame(CONTINUATION, 0, 3, &[0, 1, b'x', 1, b'y'].repeat(200)));
    assert_eq!(rig.handler.calls.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[test]
fn rapid_reset_is_cut() {
    let rig = Rig::new();
    let mut client = rig.h2_client();
    open(&mut client);
    let cancel = 8_u32.to_be_bytes();
    flood(&mut client, 20_000, |round| {
        let stream = 3 + 2 * round;
        [get(stream, "/wait"), frame(RST_STREAM, 0, stream, &cancel)].concat()
    });
    eventually("nothing is left in flight", || rig.metrics().in_flight.load(std::sync::atomic::Ordering::SeqCst) == 0);
    assert!(rig.handler.calls.load(std::sync::atomic::Ordering::SeqCst) < 1000);
}

#[test]
fn a_rapid_reset_that_waits_for_each_request_to_begin_is_cut() {
    let rig = Rig::with(|settings| settings.max_abandoned = 20);
    let mut client = rig.h2_client();
    open(&mut client);
    let cancel = 8_u32.to_be_bytes();
    flood(&mut client, 400, |round| {
        std::thread::sleep(Duration::from_millis(5));
        let stream = 3 + 2 * round;
        match round % 2 {
            0 => get(stream, "/wait"),
            _ => frame(RST_STREAM, 0, stream - 2, &cancel),
        }
    });
    eventually("it is counted", || count(&rig.metrics().floods) == 1);
    assert!(rig.handler.calls.load(std::sync::atomic::Ordering::SeqCst) < 100);
}

#[test]
fn more_than_the_agreed_streams_are_refused() {
    let rig = Rig::with(|settings| settings.h2.max_streams = 2);
    let mut client = rig.h2_client();
    open(&mut client);
    for stream in [3, 5, 7] {
        client.write_all(&get(stream, "/wait")).unwrap();
    }
    let refused = std::iter::from_fn(|| read_frame(&mut client)).find(|(kind, ..)| *kind == RST_STREAM);
    let (_, _, stream, payload) = refused.expect("a stream is refused");
    assert_eq!((stream, payload), (7, 7_u32.to_be_bytes().to_vec()), "REFUSED_STREAM");
    rig.handler.gate.add_permits(2);
}

#[test]
fn our_settings_are_what_we_promise() {
    let rig = Rig::new();
    let mut client = rig.h2_client();
    open_with(&mut client, &[]);
    let (kind, _, _, payload) = read_frame(&mut client).unwrap();
    assert_eq!(kind, SETTINGS);
    let value = |id: u16| {
        let setting = payload.chunks_exact(6).find(|setting| setting[..2] == id.to_be_bytes());
        setting.map(|setting| u32::from_be_bytes(setting[2..].try_into().unwrap()))
    };
    assert_eq!(value(3), Some(100), "MAX_CONCURRENT_STREAMS");
    assert_eq!(value(4), Some(64 * 1024), "INITIAL_WINDOW_SIZE");
    assert_eq!(value(6), Some(32 * 1024), "MAX_HEADER_LIST_SIZE");
    assert!(value(5).is_none_or(|size| size == 16 * 1024), "MAX_FRAME_SIZE");
}

#[test]
fn an_answer_without_window_does_not_hold_its_connection() {
    let rig = Rig::with(|settings| settings.write_timeout = Duration::from_millis(200));
    let mut client = rig.h2_client();
    open_with(&mut client, &[0, 4, 0, 0, 0, 0]);
    client.write_all(&get(1, "/hello")).unwrap();
    assert!(!ends(&mut client).is_empty());
    eventually("it is counted", || count(&rig.metrics().timeouts_write) == 1);
}

#[test]
fn a_peer_that_answers_no_ping_is_gone() {
    let rig = Rig::with(|settings| {
        settings.h2.ping_interval = Duration::from_millis(100);
        settings.h2.ping_timeout = Duration::from_millis(100);
    });
    let mut client = rig.h2_client();
    open(&mut client);
    assert!(!ends(&mut client).is_empty(), "a ping came");
}

#[test]
fn a_refusal_lets_a_body_end_instead_of_resetting_its_stream() {
    let rig = Rig::new();
    let mut client = rig.h2_client();
    open(&mut client);
    client.write_all(&frame(HEADERS, END_HEADERS, 3, &request_block(0x83, "/nowhere"))).unwrap();
    client.write_all(&frame(DATA, 0, 3, b"abc")).unwrap();
    client.write_all(&frame(PING, 0, 0, &[1; 8])).unwrap();
    // The ping comes back while the refusal still waits for the body.
    while read_frame(&mut client).expect("a ping comes back").0 != PING {}
    client.write_all(&frame(DATA, END_STREAM, 3, b"def")).unwrap();
    let mut kinds = Vec::new();
    loop {
        let (kind, flags, stream, _) = read_frame(&mut client).expect("a refusal comes");
        if stream == 3 {
            kinds.push(kind);
            if flags & END_STREAM != 0 && matches!(kind, DATA | HEADERS) {
                break;
            }
        }
    }
    client.write_all(&frame(PING, 0, 0, &[2; 8])).unwrap();
    while let Some((kind, ..)) = read_frame(&mut client).filter(|(kind, ..)| *kind != PING) {
        kinds.push(kind);
    }
    assert!(kinds.starts_with(&[HEADERS]) && !kinds.contains(&RST_STREAM), "{kinds:?}");
}

#[test]
fn too_many_resets_are_named_in_goaway() {
    let rig = Rig::new();
    let mut client = rig.h2_client();
    open(&mut client);
    let cancel = 8_u32.to_be_bytes();
    let burst: Vec<u8> = (0..90).flat_map(|n| [get(3 + 2 * n, "/wait"), frame(RST_STREAM, 0, 3 + 2 * n, &cancel)].concat()).collect();
    client.write_all(&burst).unwrap();
    assert_eq!(last_goaway(&mut client), Some(ENHANCE_YOUR_CALM));
}
