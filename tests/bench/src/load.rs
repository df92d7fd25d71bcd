//! A load on one server: what is sent, over how many connections, and what came of it.
//!
//! A load runs in a process of its own, so that the server's CPU is the server's alone.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod latency;
mod run;
mod wire;

pub use run::run;

/// What to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    /// Where the server listens, on loopback.
    pub addr: String,
    /// What `Host` says, and the certificate.
    pub host: String,
    /// Whose CPU is measured.
    pub pid: u32,
    /// HTTP/1.1 connections, each with one request at a time.
    pub h1: u32,
    /// Streams at a time of one HTTP/2 connection; none for no such connection.
    pub h2: u32,
    /// Requests that are measured, at most.
    pub count: u32,
    /// Seconds after which no further request is begun.
    pub seconds: f64,
    /// Requests before the measured ones.
    pub warm_up: u32,
    /// Requests per second over all connections; as many as there can be when absent.
    pub rate: Option<f64>,
    /// In what order the requests are sent.
    pub order: Order,
    /// The requests.
    pub requests: Vec<Request>,
}

/// In what order the requests of a plan are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// By chance, each any number of times.
    Random,
    /// One after the other, then again from the first.
    Turn,
    /// One after the other, each once at most: the load ends with the last.
    Once,
}

/// One request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// What it is counted as.
    pub class: String,
    /// `GET` or `POST`.
    pub method: String,
    /// The path.
    pub path: String,
    /// `Authorization`.
    pub authorization: Option<String>,
    /// The form.
    pub body: String,
    /// The status that is right.
    pub status: u16,
}

impl Request {
    /// A GET.
    pub fn get(class: &str, path: &str) -> Self {
        Self { class: class.into(), method: "GET".into(), path: path.into(), authorization: None, body: String::new(), status: 200 }
    }

    /// A form, posted.
    pub fn post(class: &str, path: &str, authorization: Option<String>, body: &str, status: u16) -> Self {
        Self { class: class.into(), method: "POST".into(), path: path.into(), authorization, body: body.into(), status }
    }
}

/// What came of a load.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Requests that were measured.
    pub requests: u64,
    /// Those of them with another status than the right one.
    pub wrong: u64,
    /// The first of those, for the reader.
    pub first_wrong: Option<String>,
    /// How long it took.
    pub seconds: f64,
    /// The server's CPU, seconds.
    pub cpu: f64,
    /// By class.
    pub classes: BTreeMap<String, Class>,
}

/// Latencies of one class, microseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Class {
    /// Requests.
    pub requests: u64,
    /// Median.
    pub p50: f64,
    /// What 99 of 100 did not exceed.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl Report {
    /// CPU microseconds of the server per request.
    pub fn per_request(&self) -> f64 {
        self.cpu * 1e6 / self.requests.max(1) as f64
    }

    /// Requests of a class.
    pub fn class(&self, name: &str) -> Class {
        self.classes.get(name).copied().unwrap_or_default()
    }
}
