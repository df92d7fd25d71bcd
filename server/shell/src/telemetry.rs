//! What the server says of itself: a log, metrics, traces.
//!
//! None of the three makes a request wait: log lines and spans go through bounded queues to threads of their own, and
//! what does not fit is dropped and counted; counters are atomics.

mod cells;
mod exposition;
mod lines;
mod log;
mod metrics;
mod traces;
mod watch;

pub use exposition::{Encoder, Kind, Labels, MEDIA_TYPE};
pub use log::REQUEST;
pub use metrics::{Collector, Metrics, Stage};
pub use traces::Walked;

use crate::config::Config;
use crate::listen::DoorMetrics;
use crate::rooms::Rooms;
use std::sync::Arc;
use traces::Traces;

/// The log, the metrics and the traces of a running server.
pub struct Telemetry {
    log: log::LogDesk,
    metrics: Arc<Metrics>,
}

/// Starts all three. A collector that cannot be used is logged and done without: it is no reason not to serve.
pub fn start(config: &Config, version: &'static str) -> std::io::Result<Telemetry> {
    let log = log::start(&config.log)?;
    let traces = Traces::start(&config.otel, version).unwrap_or_else(|fault| {
        tracing::error!(%fault, "traces cannot be sent to otel.endpoint");
        None
    });
    let metrics = Arc::new(Metrics::new(&config.metrics, traces));
    let lines = log.lines();
    metrics.register_collector(Box::new(move |out| {
        out.family("claimsmith_build_info", Kind::Gauge, "The version, as a label.");
        out.sample(&[("version", version)], 1);
        out.single("claimsmith_log_dropped_total", Kind::Counter, "Log lines dropped because the queue was full.", lines.dropped());
        watch::process(out);
    }));
    Ok(Telemetry { log, metrics })
}

impl Telemetry {
    /// The metrics.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// Shows the door's counters.
    pub fn watch_door(&self, door: Arc<DoorMetrics>) {
        self.metrics.register_collector(Box::new(move |out| watch::door(&door, out)));
    }

    /// Shows the counters of the rooms.
    pub fn watch_rooms(&self, rooms: Arc<Rooms>) {
        self.metrics.register_collector(Box::new(move |out| {
            watch::store(&rooms.store, out);
            watch::plugins(&rooms.directory.policy().plugins, out);
        }));
    }

    /// Takes over a new log level.
    pub fn set_level(&self, config: &Config) {
        self.log.set_level(&config.log);
    }

    /// Lets go of the rooms, so that the store can close.
    pub fn unwatch(&self) {
        self.metrics.forget_collectors();
    }

    /// Writes and sends what waits.
    pub fn finish(self) {
        self.metrics.finish();
    }
}
