//! Counters that others keep: the door, the store, the process.

use super::exposition::{Encoder, Kind};
use crate::listen::DoorMetrics;
use claimsmith_hooks::Registry;
use claimsmith_store::Store;
use std::sync::atomic::Ordering::Relaxed;

/// The door.
pub(super) fn door(door: &DoorMetrics, out: &mut Encoder) {
    let gauge = |out: &mut Encoder, name: &str, help: &str, value: usize| out.single(name, Kind::Gauge, help, value as u64);
    gauge(out, "claimsmith_connections", "Connections that hold a seat.", door.active.load(Relaxed));
    gauge(out, "claimsmith_requests_in_flight", "Requests between admission and answer.", door.in_flight.load(Relaxed));
    let name = "claimsmith_door_requests_total";
    out.single(name, Kind::Counter, "Requests answered, whatever the status.", door.requests.load(Relaxed));
    let name = "claimsmith_door_connections_total";
    out.single(name, Kind::Counter, "Connections that got a seat.", door.accepted.load(Relaxed));
    out.family("claimsmith_door_refusals_total", Kind::Counter, "Connections and requests turned away, and why.");
    for (reason, counter) in [
        ("full", &door.refused_full),
        ("address", &door.refused_address),
        ("untrusted", &door.refused_untrusted),
        ("busy", &door.refused_busy),
        ("handshake", &door.handshake_failures),
        ("flood", &door.floods),
        ("accept", &door.accept_failures),
    ] {
        out.sample(&[("reason", reason)], counter.load(Relaxed));
    }
    out.family("claimsmith_door_timeouts_total", Kind::Counter, "Connections and requests that took too long, and over what.");
    for (step, counter) in [
        ("handshake", &door.timeouts_handshake),
        ("head", &door.timeouts_head),
        ("body", &door.timeouts_body),
        ("write", &door.timeouts_write),
        ("idle", &door.timeouts_idle),
    ] {
        out.sample(&[("step", step)], counter.load(Relaxed));
    }
    let name = "claimsmith_door_retired_total";
    out.single(name, Kind::Counter, "Connections retired for their age.", door.retired.load(Relaxed));
    let name = "claimsmith_panics_total";
    out.single(name, Kind::Counter, "Requests whose handler panicked.", door.panics.load(Relaxed));
}

/// The pool and the writer of the store.
pub(super) fn store(store: &Store, out: &mut Encoder) {
    let (pool, writer) = (store.pool(), store.writer_counts());
    let gauge = |out: &mut Encoder, name: &str, help: &str, value: u64| out.single(name, Kind::Gauge, help, value);
    gauge(out, "claimsmith_database_connections", "Open connections of the pool.", pool.open.into());
    gauge(out, "claimsmith_database_connections_idle", "Connections that nobody uses.", pool.idle.into());
    gauge(out, "claimsmith_database_permits_free", "Pieces of work that could begin now.", pool.free_permits as u64);
    gauge(out, "claimsmith_settle_queue", "Settles that wait for the writer.", writer.settle_queue);
    gauge(out, "claimsmith_record_queue", "Issuance records that wait for the writer.", writer.record_queue);
    let counter = |out: &mut Encoder, name: &str, help: &str, value: u64| out.single(name, Kind::Counter, help, value);
    counter(out, "claimsmith_database_refused_total", "Pieces of work refused for want of a permit.", pool.refused);
    counter(out, "claimsmith_settled_rows_total", "Rows that were settled.", writer.settled);
    counter(out, "claimsmith_settle_commits_total", "Commits that settled them.", writer.settle_commits);
    counter(out, "claimsmith_recorded_rows_total", "Issuance records written.", writer.recorded);
    counter(out, "claimsmith_record_commits_total", "Commits that wrote them.", writer.record_commits);
    counter(out, "claimsmith_lost_records_total", "Issuance records that could not be written.", writer.lost_records);
}

/// The plugins that are active on this node.
pub(super) fn plugins(registry: &Registry, out: &mut Encoder) {
    let help = "1 for an active plugin whose calls are slow as a habit, and made on threads of low priority; else 0.";
    out.family("claimsmith_plugin_slow", Kind::Gauge, help);
    for (name, plugin) in registry.all_active() {
        out.sample(&[("plugin", name)], u64::from(plugin.is_slow()));
    }
}

/// This process, as far as `/proc` tells.
pub(super) fn process(out: &mut Encoder) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').split_whitespace().next()?.parse::<u64>().ok()
    };
    if let Some(kibibytes) = field("VmRSS") {
        out.single("process_resident_memory_bytes", Kind::Gauge, "Resident memory.", kibibytes * 1024);
    }
    if let Some(threads) = field("Threads") {
        out.single("process_threads", Kind::Gauge, "Threads.", threads);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        out.single("process_open_fds", Kind::Gauge, "Open file descriptors.", open.count() as u64);
    }
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    out.family("process_cpu_seconds_total", Kind::Counter, "User and system time.");
    out.fraction(&[], spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::exposition::check;

    #[test]
    fn the_door_and_the_process_show_their_counters() {
        let (mut out, counters) = (Encoder::default(), DoorMetrics::default());
        counters.timeouts_head.store(3, Relaxed);
        door(&counters, &mut out);
        process(&mut out);
        let samples = check::samples(&out.finish());
        assert_eq!(samples["claimsmith_door_timeouts_total{step=\"head\"}"], 3.0);
        assert!(samples["process_resident_memory_bytes"] > 0.0 && samples["process_cpu_seconds_total"] > 0.0);
    }
}
