//! Errands to hostile servers: all of them on loopback, which is out of bounds unless a test lists it.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "door/identity.rs"]
mod identity;
#[path = "fetch/rig.rs"]
mod rig;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use claimsmith_shell::fetch::{FetchFault, FetchRefusal, FetchSettings, Fetched, Fetcher};
use rig::{Names, Reply, Server, answer};

const HERE: &[&str] = &["127.0.0.1"];

/// A fetcher that trusts the server's certificate, and the networks.
fn settings(server: &Server, networks: &[&str]) -> FetchSettings {
    FetchSettings {
        allowed_networks: networks.iter().map(|network| network.parse().unwrap()).collect(),
        extra_ca_file: Some(server.ca_file.clone()),
        ..FetchSettings::default()
    }
}

async fn fetch(server: &Server, settings: &FetchSettings) -> Result<Fetched, FetchRefusal> {
    Fetcher::start(settings).unwrap().json(&server.url("127.0.0.1")).await
}

/// What a server with this one reply makes of a fetch.
async fn outcome(reply: Reply) -> Result<Fetched, FetchRefusal> {
    let server = Server::start(reply).await;
    fetch(&server, &settings(&server, HERE)).await
}

#[tokio::test]
async fn a_document_in_bounds_is_fetched() {
    let reply = answer("200 OK", "Content-Type: application/jwk-set+json\r\nCache-Control: max-age=120\r\n", b"{\"keys\":[]}");
    let fetched = outcome(reply).await.unwrap();
    assert_eq!(&fetched.body[..], b"{\"keys\":[]}");
    assert_eq!(fetched.max_age, Some(Duration::from_secs(120)));
}

#[tokio::test]
async fn sec_005_what_is_not_listed_is_not_connected_to() {
    let server = Server::start(Reply::json()).await;
    let refusal = fetch(&server, &settings(&server, &["127.0.0.2", "10.0.0.0/8"])).await.unwrap_err();
    assert_eq!(refusal, FetchRefusal::OutOfBounds);
    // The name goes through the system's own resolver.
    let named = Fetcher::start(&settings(&server, &[])).unwrap().json(&server.url("localhost")).await;
    assert_eq!(named.unwrap_err(), FetchRefusal::OutOfBounds);
    assert_eq!(server.connections.load(Relaxed), 0);
}

#[tokio::test]
async fn sec_005_names_for_special_addresses_are_not_connected_to() {
    let server = Server::start(Reply::json()).await;
    let table = "127.0.0.1 ::1 169.254.169.254 10.0.0.1 192.168.1.1 172.16.0.1 100.64.0.1 0.0.0.0 :: ::ffff:127.0.0.1 ::127.0.0.1 \
        fd00:ec2::254 fe80::1 64:ff9b::7f00:1 2002:7f00:1::1 2001::1 224.0.0.1 255.255.255.255";
    let addresses: Vec<_> = table.split_whitespace().collect();
    let fetcher = Fetcher::start_with(&settings(&server, &[]), Names::one_after_another(&addresses)).unwrap();
    for address in addresses {
        assert_eq!(fetcher.json(&server.url("rp.test")).await.unwrap_err(), FetchRefusal::OutOfBounds, "{address}");
    }
    assert_eq!(server.connections.load(Relaxed), 0);
}

#[tokio::test]
async fn sec_005_of_several_addresses_only_those_in_bounds_are_tried() {
    let outside = Server::start_at("127.0.0.2:0", Reply::json()).await;
    let server = Server::start_at(&format!("127.0.0.1:{}", outside.port), Reply::json()).await;
    let fetcher = Fetcher::start_with(&settings(&server, HERE), Names::always(&["127.0.0.2", "127.0.0.1"])).unwrap();
    assert!(fetcher.json(&server.url("rp.test")).await.is_ok());
    assert_eq!((outside.connections.load(Relaxed), server.connections.load(Relaxed)), (0, 1));
}

#[tokio::test]
async fn sec_005_a_name_that_is_rebound_leads_nowhere() {
    let inside = Server::start_at("127.0.0.2:0", Reply::json()).await;
    let server = Server::start_at(&format!("127.0.0.1:{}", inside.port), Reply::json()).await;
    let names = Names::one_after_another(&["127.0.0.1", "127.0.0.2"]);
    let fetcher = Fetcher::start_with(&settings(&server, HERE), Arc::clone(&names) as _).unwrap();
    assert!(fetcher.json(&server.url("rp.test")).await.is_ok());
    assert_eq!(names.asked.load(Relaxed), 1, "looked at once, connected to that");
    assert_eq!(fetcher.json(&server.url("rp.test")).await.unwrap_err(), FetchRefusal::OutOfBounds);
    assert_eq!(names.asked.load(Relaxed), 2);
    assert_eq!((inside.connections.load(Relaxed), server.connections.load(Relaxed)), (0, 1));
}

#[tokio::test]
async fn a_listed_host_may_be_anywhere_but_its_neighbours_may_not() {
    let server = Server::start(Reply::json()).await;
    let settings = FetchSettings { allowed_hosts: vec!["rp.test".to_owned()], ..settings(&server, &[]) };
    let fetcher = Fetcher::start_with(&settings, Names::always(&["127.0.0.1"])).unwrap();
    assert!(fetcher.json(&server.url("rp.test")).await.is_ok());
    assert_eq!(fetcher.json(&server.url("localhost")).await.unwrap_err(), FetchRefusal::OutOfBounds);
}

#[tokio::test]
async fn a_name_without_addresses() {
    let server = Server::start(Reply::json()).await;
    let fetcher = Fetcher::start_with(&settings(&server, HERE), Names::always(&[])).unwrap();
    assert!(matches!(fetcher.json(&server.url("rp.test")).await, Err(FetchRefusal::Unresolvable(_))));
}

#[tokio::test]
async fn caj_012_redirects_are_not_followed() {
    let target = Server::start(Reply::json()).await;
    let location = format!("Location: {}\r\nContent-Type: application/json\r\n", target.url("127.0.0.1"));
    for status in ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let code = status[..3].parse().unwrap();
        assert_eq!(outcome(answer(status, &location, b"{}")).await.unwrap_err(), FetchRefusal::Status(code));
    }
    assert_eq!(target.connections.load(Relaxed), 0);
}

#[tokio::test]
async fn caj_012_only_a_plain_200_with_json_is_read() {
    let json = "Content-Type: application/json\r\n";
    for status in ["201 Created", "204 No Content", "206 Partial Content", "404 Not Found", "500 Internal Server Error"] {
        let code = status[..3].parse().unwrap();
        assert_eq!(outcome(answer(status, json, b"")).await.unwrap_err(), FetchRefusal::Status(code));
    }
    let html = answer("200 OK", "Content-Type: text/html\r\n", b"<html>{\"keys\":[]}</html>");
    assert_eq!(outcome(html).await.unwrap_err(), FetchRefusal::ContentType);
    assert_eq!(outcome(answer("200 OK", "", b"{}")).await.unwrap_err(), FetchRefusal::ContentType);
    let zipped = format!("{json}Content-Encoding: gzip\r\n");
    assert_eq!(outcome(answer("200 OK", &zipped, b"\x1f\x8b")).await.unwrap_err(), FetchRefusal::Encoded);
}

#[tokio::test]
async fn caj_012_a_body_of_10_mb_is_not_read() {
    let limit = 256 * 1024;
    let json = "Content-Type: application/json\r\n";
    let honest = answer("200 OK", json, &vec![b' '; 10_000_000]);
    assert_eq!(outcome(honest).await.unwrap_err(), FetchRefusal::TooLong(limit));
    // Without end, and without a length that would tell.
    assert_eq!(outcome(Reply::Endless).await.unwrap_err(), FetchRefusal::TooLong(limit));
    let mut exact = b"{}".to_vec();
    exact.resize(limit, b' ');
    assert_eq!(outcome(answer("200 OK", json, &exact)).await.unwrap().body.len(), limit);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_document() {
    let cut = Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"keys\":[]}".to_vec());
    assert!(matches!(outcome(cut).await, Err(FetchRefusal::Connection(_))));
}

#[tokio::test]
async fn caj_012_a_hanging_server_is_left() {
    for reply in [Reply::NoHandshake, Reply::Silence, Reply::Trickle] {
        let server = Server::start(reply).await;
        let settings = FetchSettings { timeout: Duration::from_millis(400), ..settings(&server, HERE) };
        assert_eq!(fetch(&server, &settings).await.unwrap_err(), FetchRefusal::TimedOut);
    }
}

#[tokio::test]
async fn certificates_are_checked() {
    let server = Server::start(Reply::json()).await;
    let strangers = FetchSettings { extra_ca_file: None, ..settings(&server, HERE) };
    assert!(matches!(fetch(&server, &strangers).await, Err(FetchRefusal::Connection(_))));
    let fetcher = Fetcher::start_with(&settings(&server, HERE), Names::always(&["127.0.0.1"])).unwrap();
    assert!(matches!(fetcher.json(&server.url("other.test")).await, Err(FetchRefusal::Connection(_))), "the name is not the certificate's");
}

#[tokio::test]
async fn waiting_errands_are_bounded_and_keep_their_deadline() {
    let server = Server::start(Reply::Silence).await;
    let settings = FetchSettings { concurrent: 1, timeout: Duration::from_secs(1), ..settings(&server, HERE) };
    let fetcher = Fetcher::start(&settings).unwrap();
    let mut errands = tokio::task::JoinSet::new();
    for _ in 0..80 {
        let (fetcher, url) = (fetcher.clone(), server.url("127.0.0.1"));
        errands.spawn(async move { fetcher.json(&url).await.unwrap_err() });
    }
    let refusals = errands.join_all().await;
    let count = |wanted: FetchRefusal| refusals.iter().filter(|&refusal| *refusal == wanted).count();
    assert!(count(FetchRefusal::Busy) >= 10, "{refusals:?}");
    assert_eq!(count(FetchRefusal::Busy) + count(FetchRefusal::TimedOut), 80, "{refusals:?}");
}

#[tokio::test]
async fn an_errand_that_nobody_waits_for_gives_its_seat_back() {
    let server = Server::start(Reply::Silence).await;
    let good = Server::start_trusted_by(&server, Reply::json()).await;
    let settings = FetchSettings { concurrent: 1, timeout: Duration::from_secs(60), ..settings(&server, HERE) };
    let fetcher = Fetcher::start(&settings).unwrap();
    let url = server.url("127.0.0.1");
    tokio::select! {
        biased;
        refused = fetcher.json(&url) => panic!("answered: {refused:?}"),
        () = server.connected() => {}
    }
    assert!(fetcher.json(&good.url("127.0.0.1")).await.is_ok());
}

#[tokio::test]
async fn a_wrong_ca_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let settings = FetchSettings { extra_ca_file: Some(path.clone()), ..FetchSettings::default() };
    assert!(matches!(Fetcher::start(&settings), Err(FetchFault::CaFile { .. })));
    std::fs::write(&path, "no certificate").unwrap();
    assert!(matches!(Fetcher::start(&settings), Err(FetchFault::NoCertificates { .. })));
}

#[tokio::test]
async fn an_ipv6_loopback_is_out_of_bounds_too() {
    let Some(server) = Server::try_start_at("[::1]:0", Reply::json()).await else { return };
    let url = server.url("[::1]");
    let closed = Fetcher::start(&settings(&server, HERE)).unwrap();
    assert_eq!(closed.json(&url).await.unwrap_err(), FetchRefusal::OutOfBounds);
    assert!(Fetcher::start(&settings(&server, &["::1"])).unwrap().json(&url).await.is_ok());
    assert!("::1".parse::<IpAddr>().is_ok_and(|address| !closed.guard().admits(address)));
}
