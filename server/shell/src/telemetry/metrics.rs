//! What is counted and timed, and how `/metrics` shows it.

use super::cells::{Counter, Histogram, Table};
use super::exposition::{Encoder, Kind};
use super::traces::{Traces, Walked};
use crate::config;
use claimsmith_hooks::{Call, FaultKind};
use claimsmith_issuer::hook::HookPoint;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

/// A part of the walk that is timed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading the request.
    Parse,
    /// Finding the client and verifying its proof.
    ClientAuth,
    /// Fetching what the decision needs.
    Evidence,
    /// Deciding.
    Decide,
    /// Plugins.
    Hooks,
    /// Signing.
    Sign,
    /// Writing what the ledger must know.
    Settle,
}

impl Stage {
    /// How many stages there are.
    pub const COUNT: usize = Self::ALL.len();

    /// Every stage, in the order of the walk.
    pub const ALL: [Self; 7] = [Self::Parse, Self::ClientAuth, Self::Evidence, Self::Decide, Self::Hooks, Self::Sign, Self::Settle];

    /// The name in metrics and traces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::ClientAuth => "client_auth",
            Self::Evidence => "evidence",
            Self::Decide => "decide",
            Self::Hooks => "hooks",
            Self::Sign => "sign",
            Self::Settle => "settle",
        }
    }
}

/// Shows samples that somebody else counts.
pub type Collector = Box<dyn Fn(&mut Encoder) + Send + Sync>;

/// The most plugins that are counted by name.
const PLUGINS: usize = 10_000;

/// The counters of a server, and its traces. Counting takes no lock, allocates nothing and never waits, a label's first time excepted.
pub struct Metrics {
    requests: Table<[&'static str; 3], Counter>,
    refusals: Table<[&'static str; 2], Counter>,
    sign_ins: Table<[&'static str; 2], Counter>,
    clients: Option<Table<String, Outcomes>>,
    plugins: Table<String, [HookCells; HookPoint::ALL.len()]>,
    stages: [Histogram; Stage::COUNT],
    whole: Histogram,
    collectors: Mutex<Vec<Collector>>,
    traces: Option<Traces>,
}

/// How the requests of one client ended.
#[derive(Debug, Default)]
struct Outcomes {
    good: Counter,
    refused: Counter,
}

/// Calls of one hook of one plugin.
#[derive(Debug, Default)]
struct HookCells {
    answered: Counter,
    refused: Counter,
    faults: [Counter; FaultKind::ALL.len()],
    fuel: Counter,
    seconds: Histogram,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Nothing counted yet.
    pub(super) fn new(settings: &config::Metrics, traces: Option<Traces>) -> Metrics {
        Metrics {
            requests: Table::new(1_000),
            refusals: Table::new(1_000),
            sign_ins: Table::new(100),
            clients: settings.client_labels.then(|| Table::new(settings.client_labels_max)),
            plugins: Table::new(PLUGINS),
            stages: Default::default(),
            whole: Histogram::default(),
            collectors: Mutex::default(),
            traces,
        }
    }

    /// A request ended well. `grant` is empty where none is in play, `client` where none is known.
    pub fn done(&self, endpoint: &'static str, grant: &'static str, client: &str) {
        self.requests.with(&[endpoint, grant, "ok"], |cell| cell.add(1));
        self.client(client, |outcomes| outcomes.good.add(1));
    }

    /// A request was refused, or failed: with an error code, for a reason.
    pub fn failed(&self, endpoint: &'static str, grant: &'static str, client: &str, code: &'static str, reason: &'static str) {
        self.requests.with(&[endpoint, grant, code], |cell| cell.add(1));
        self.refusals.with(&[endpoint, reason], |cell| cell.add(1));
        self.client(client, |outcomes| outcomes.refused.add(1));
    }

    /// Somebody showed something to sign in with: `method` as in records, `outcome` is what came of it.
    pub fn signed_in_with(&self, method: &'static str, outcome: &'static str) {
        self.sign_ins.with(&[method, outcome], |cell| cell.add(1));
    }

    fn client(&self, client: &str, act: impl Fn(&Outcomes)) {
        if let (Some(clients), false) = (&self.clients, client.is_empty()) {
            clients.with(client, act);
        }
    }

    /// How long a request took, and its stages as far as it came.
    pub fn stages(&self, stages: &[Option<Duration>; Stage::COUNT], whole: Duration) {
        for (histogram, duration) in self.stages.iter().zip(stages) {
            if let Some(duration) = duration {
                histogram.observe(*duration);
            }
        }
        self.whole.observe(whole);
    }

    /// A plugin was called.
    pub fn plugin_called(&self, plugin: &str, point: HookPoint, call: &Call) {
        self.plugins.with(plugin, |hooks| {
            let cells = &hooks[point as usize];
            match &call.answer {
                Ok(Ok(_)) => cells.answered.add(1),
                Ok(Err(_)) => cells.refused.add(1),
                Err(fault) => cells.faults[fault.kind() as usize].add(1),
            }
            cells.fuel.add(call.fuel);
            cells.seconds.observe(call.duration);
        });
    }

    /// Traces a request that is over, if it is one of those that are traced.
    pub fn traced(&self, walked: &Walked<'_>) {
        if let Some(traces) = &self.traces {
            traces.record(walked);
        }
    }

    /// Sends the traces that wait.
    pub(super) fn finish(&self) {
        if let Some(traces) = &self.traces {
            traces.finish();
        }
    }

    /// Shows samples that somebody else counts, with each rendering. Families of the same name must not be there yet.
    pub fn register_collector(&self, collector: Collector) {
        self.collectors.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(collector);
    }

    /// Lets go of every collector and of what it holds.
    pub fn forget_collectors(&self) {
        self.collectors.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }

    /// Everything, in Prometheus' text format ([`super::MEDIA_TYPE`]).
    pub fn render(&self) -> String {
        let mut out = Encoder::default();
        self.render_requests(&mut out);
        self.render_plugins(&mut out);
        for collector in self.collectors.lock().unwrap_or_else(std::sync::PoisonError::into_inner).iter() {
            collector(&mut out);
        }
        out.finish()
    }

    fn render_requests(&self, out: &mut Encoder) {
        out.family("claimsmith_requests_total", Kind::Counter, "Requests by endpoint, grant and outcome: ok, or the error code.");
        for ([endpoint, grant, outcome], cell) in self.requests.all() {
            out.sample(&[("endpoint", endpoint), ("grant", grant), ("outcome", outcome)], cell.value());
        }
        out.family("claimsmith_refusals_total", Kind::Counter, "Refused and failed requests by endpoint and reason.");
        for ([endpoint, reason], cell) in self.refusals.all() {
            out.sample(&[("endpoint", endpoint), ("reason", reason)], cell.value());
        }
        out.family(
            "claimsmith_sign_ins_total",
            Kind::Counter,
            "What people showed to sign in, by method and outcome: ok, wrong, throttled, refused by a plugin, or failed.",
        );
        for ([method, outcome], cell) in self.sign_ins.all() {
            out.sample(&[("method", method), ("outcome", outcome)], cell.value());
        }
        out.family("claimsmith_request_seconds", Kind::Histogram, "From the arrival of a request to its answer.");
        self.whole.encode(&[], out);
        out.family("claimsmith_stage_seconds", Kind::Histogram, "Time of each stage of a request.");
        for (stage, histogram) in Stage::ALL.iter().zip(&self.stages) {
            histogram.encode(&[("stage", stage.as_str())], out);
        }
        let Some(clients) = &self.clients else { return };
        out.family(
            "claimsmith_client_requests_total",
            Kind::Counter,
            "Requests by client; an empty client stands for all beyond metrics.client_labels_max.",
        );
        let mut both = |client: &str, outcomes: &Outcomes| {
            out.sample(&[("client", client), ("outcome", "ok")], outcomes.good.value());
            out.sample(&[("client", client), ("outcome", "refused")], outcomes.refused.value());
        };
        both("", clients.rest());
        for (client, outcomes) in clients.all() {
            both(&client, &outcomes);
        }
    }

    fn render_plugins(&self, out: &mut Encoder) {
        let plugins = self.plugins.all();
        let hooks = || {
            plugins.iter().flat_map(|(plugin, hooks)| {
                HookPoint::ALL.into_iter().zip(hooks.iter()).map(move |(point, cells)| (plugin.as_str(), point.as_str(), cells))
            })
        };
        out.family(
            "claimsmith_plugin_calls_total",
            Kind::Counter,
            "Calls by plugin, hook and outcome: answered, refused, or the kind of fault.",
        );
        for (plugin, hook, cells) in hooks() {
            let faults = FaultKind::ALL.iter().zip(&cells.faults).map(|(kind, cell)| (kind.as_str(), cell));
            for (outcome, cell) in [("answered", &cells.answered), ("refused", &cells.refused)].into_iter().chain(faults) {
                if cell.value() > 0 {
                    out.sample(&[("plugin", plugin), ("hook", hook), ("outcome", outcome)], cell.value());
                }
            }
        }
        let called = || hooks().filter(|(.., cells)| cells.is_used());
        out.family("claimsmith_plugin_fuel_total", Kind::Counter, "Fuel used by plugin and hook.");
        called().for_each(|(plugin, hook, cells)| out.sample(&[("plugin", plugin), ("hook", hook)], cells.fuel.value()));
        out.family("claimsmith_plugin_call_seconds", Kind::Histogram, "Time of calls by plugin and hook, waiting for a turn included.");
        called().for_each(|(plugin, hook, cells)| cells.seconds.encode(&[("plugin", plugin), ("hook", hook)], out));
    }
}

impl HookCells {
    fn is_used(&self) -> bool {
        self.answered.value() + self.refused.value() + self.faults.iter().map(Counter::value).sum::<u64>() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::exposition::check;
    use claimsmith_hooks::HookFault;

    fn metrics(client_labels: bool) -> Metrics {
        Metrics::new(&config::Metrics { client_labels, client_labels_max: 1 }, None)
    }

    #[test]
    fn requests_are_counted_by_what_they_were() {
        let metrics = metrics(false);
        metrics.done("token", "client_credentials", "c1");
        metrics.failed("token", "client_credentials", "c1", "invalid_client", "wrong_secret");
        metrics.signed_in_with("totp", "wrong");
        let mut stages = [None; Stage::COUNT];
        stages[Stage::Sign as usize] = Some(Duration::from_micros(22));
        metrics.stages(&stages, Duration::from_micros(60));
        metrics.register_collector(Box::new(|out| out.single("claimsmith_x", Kind::Gauge, "x", 3)));
        let text = metrics.render();
        let samples = check::samples(&text);
        assert_eq!(samples[r#"claimsmith_requests_total{endpoint="token",grant="client_credentials",outcome="ok"}"#], 1.0);
        assert_eq!(samples[r#"claimsmith_refusals_total{endpoint="token",reason="wrong_secret"}"#], 1.0);
        assert_eq!(samples[r#"claimsmith_sign_ins_total{method="totp",outcome="wrong"}"#], 1.0);
        assert_eq!(samples[r#"claimsmith_stage_seconds_count{stage="sign"}"#], 1.0);
        assert_eq!(samples[r#"claimsmith_stage_seconds_count{stage="parse"}"#], 0.0);
        assert_eq!(samples["claimsmith_x"], 3.0);
        assert!(!text.contains("c1"), "clients are labels only when asked for");
    }

    #[test]
    fn clients_are_labels_when_asked_for_and_bounded() {
        let metrics = metrics(true);
        for client in ["c1", "c2", "c3", ""] {
            metrics.done("token", "client_credentials", client);
        }
        let samples = check::samples(&metrics.render());
        assert_eq!(samples[r#"claimsmith_client_requests_total{client="c1",outcome="ok"}"#], 1.0);
        assert_eq!(samples[r#"claimsmith_client_requests_total{client="",outcome="ok"}"#], 2.0);
    }

    #[test]
    fn plugins_are_counted_by_hook_and_outcome() {
        let metrics = metrics(false);
        let call = |answer| Call { answer, fuel: 10, log: Vec::new(), duration: Duration::from_micros(8) };
        metrics.plugin_called("p", HookPoint::AccessToken, &call(Ok(Ok(Vec::new()))));
        metrics.plugin_called("p", HookPoint::AccessToken, &call(Err(HookFault::OutOfFuel)));
        let samples = check::samples(&metrics.render());
        let calls =
            |outcome: &str| samples[&format!(r#"claimsmith_plugin_calls_total{{plugin="p",hook="access_token",outcome="{outcome}"}}"#)];
        assert_eq!((calls("answered"), calls("out_of_fuel")), (1.0, 1.0));
        assert_eq!(samples[r#"claimsmith_plugin_fuel_total{plugin="p",hook="access_token"}"#], 20.0);
        assert_eq!(samples[r#"claimsmith_plugin_call_seconds_count{plugin="p",hook="access_token"}"#], 2.0);
    }

    #[test]
    fn stages_and_kinds_index_their_arrays() {
        assert!(Stage::ALL.iter().enumerate().all(|(index, stage)| *stage as usize == index));
        assert!(HookPoint::ALL.iter().enumerate().all(|(index, point)| *point as usize == index));
        assert!(FaultKind::ALL.iter().enumerate().all(|(index, kind)| *kind as usize == index));
    }
}
