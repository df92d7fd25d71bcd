//! What is said of a request when it is over: one line in the log, counters, timings, and for a refusal its record.
//!
//! Security: identifiers, codes and durations only. Nothing that was presented as proof ever comes here.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use claimsmith_hooks::{Call, Level};
use claimsmith_issuer::dpop::Space;
use claimsmith_issuer::hook::HookPoint;
use claimsmith_protocol::error::ErrorCode;
use claimsmith_protocol::grant::GrantType;

use crate::failure::{Failure, Fault};
use crate::http::{Answer, Arrival, RequestId};
use crate::rooms::Rooms;
pub use crate::telemetry::Stage;
use crate::telemetry::Walked;
use crate::{attestation, possession, record};

/// The most records of refusals per second and node; what is beyond is in the log and the counters alone.
///
/// Security: refusals cost an attacker nothing, so they must not be able to fill the database.
const REFUSALS_PER_SECOND: i64 = 50;

/// Notes on one request.
pub struct Report {
    endpoint: &'static str,
    grant: Option<GrantType>,
    client: Option<Box<str>>,
    begun: Instant,
    lap: Instant,
    stages: [Option<Duration>; Stage::COUNT],
    in_header: bool,
}

impl Report {
    /// Begins with what is known before anything is read.
    pub fn begin(endpoint: &'static str, arrival: &Arrival) -> Self {
        let in_header = arrival.headers.contains_key(http::header::AUTHORIZATION);
        let (begun, stages) = (arrival.at, [None; Stage::COUNT]);
        Self { endpoint, grant: None, client: None, begun, lap: Instant::now(), stages, in_header }
    }

    /// The grant is known.
    pub const fn grant(&mut self, grant: GrantType) {
        self.grant = Some(grant);
    }

    /// The client is registered. One that is not is never named: what a stranger sends as a name may be a secret.
    pub fn client(&mut self, client_id: &str, is_known: bool) {
        self.client = is_known.then(|| client_id.into());
    }

    /// A stage is over.
    pub fn stage(&mut self, stage: Stage) {
        let now = Instant::now();
        let spent = now.duration_since(self.lap);
        self.lap = now;
        let held = &mut self.stages[stage as usize];
        *held = Some(held.unwrap_or_default() + spent);
    }

    /// Ends the request: its answer, on its way out.
    pub async fn finish(self, rooms: &Rooms, arrival: &Arrival, walked: Result<Answer, Failure>) -> Answer {
        let whole = self.begun.elapsed();
        let grant = self.grant.map_or("", GrantType::as_str);
        let client = self.client.as_deref().unwrap_or_default();
        rooms.metrics.stages(&self.stages, whole);
        let failure = match walked {
            Ok(answer) => {
                rooms.metrics.done(self.endpoint, grant, client);
                self.trace(rooms, arrival, ("ok", ""), answer.status.as_u16());
                log(&self, arrival, "ok", "", answer.status.as_u16(), whole);
                return answer;
            }
            Err(failure) => failure,
        };
        let (code, reason) = (failure.code().as_str(), failure.reason());
        rooms.metrics.failed(self.endpoint, grant, client, code, reason);
        let answer = failure.answer(self.in_header);
        // RFC 9449 §8: who must use a nonce is told one.
        let answer = match failure.code() {
            ErrorCode::UseDpopNonce => possession::with_nonce(rooms, Space::AuthorizationServer, answer),
            ErrorCode::UseAttestationChallenge => attestation::with_challenge(rooms, answer),
            _ => answer,
        };
        self.trace(rooms, arrival, (code, reason), answer.status.as_u16());
        log(&self, arrival, code, reason, answer.status.as_u16(), whole);
        if let Failure::Failed(fault) = &failure {
            log_fault(fault, arrival.id);
        }
        if !client.is_empty() && may_record(rooms.clock.now().timestamp().seconds()) {
            record::refusal(rooms, client, self.endpoint, reason, arrival.id).await;
        }
        match failure.is_invalid_client() {
            true => answer.leave_at(steady(arrival.at, rooms.settings.invalid_client_quantum)),
            false => answer,
        }
    }

    /// Ends a request of a browser: what went wrong has its answer already.
    pub async fn finish_with(self, rooms: &Rooms, arrival: &Arrival, answer: Answer, failure: &Failure) -> Answer {
        let whole = self.begun.elapsed();
        let client = self.client.as_deref().unwrap_or_default();
        rooms.metrics.stages(&self.stages, whole);
        let (code, reason) = (failure.code().as_str(), failure.reason());
        rooms.metrics.failed(self.endpoint, "", client, code, reason);
        self.trace(rooms, arrival, (code, reason), answer.status.as_u16());
        log(&self, arrival, code, reason, answer.status.as_u16(), whole);
        if let Failure::Failed(fault) = failure {
            log_fault(fault, arrival.id);
        }
        if !client.is_empty() && may_record(rooms.clock.now().timestamp().seconds()) {
            record::refusal(rooms, client, self.endpoint, reason, arrival.id).await;
        }
        answer
    }

    /// Hands the request to the traces, which take a share of them.
    fn trace(&self, rooms: &Rooms, arrival: &Arrival, (outcome, reason): (&'static str, &'static str), status: u16) {
        rooms.metrics.traced(&Walked {
            request: &arrival.id,
            endpoint: self.endpoint,
            grant: self.grant.map_or("", GrantType::as_str),
            client: self.client.as_deref().unwrap_or_default(),
            outcome,
            reason,
            status,
            whole: self.begun.elapsed(),
            stages: &self.stages,
        });
    }
}

/// The next multiple of the quantum after arrival. Security: how long a refusal took says nothing of why.
fn steady(arrived: Instant, quantum: Duration) -> Instant {
    let quantum = quantum.max(Duration::from_nanos(1)).as_nanos();
    let steps = arrived.elapsed().as_nanos() / quantum + 1;
    arrived + Duration::from_nanos(u64::try_from(steps * quantum).unwrap_or(u64::MAX))
}

/// Whether one more record of a refusal is allowed in this second.
fn may_record(second: i64) -> bool {
    static SECOND: AtomicI64 = AtomicI64::new(0);
    static COUNT: AtomicI64 = AtomicI64::new(0);
    if SECOND.swap(second, Ordering::Relaxed) != second {
        COUNT.store(0, Ordering::Relaxed);
    }
    COUNT.fetch_add(1, Ordering::Relaxed) < REFUSALS_PER_SECOND
}

fn log(report: &Report, arrival: &Arrival, outcome: &str, reason: &str, status: u16, whole: Duration) {
    tracing::info!(
        target: "claimsmith::request",
        request = %arrival.id,
        endpoint = report.endpoint,
        client = report.client.as_deref(),
        grant = report.grant.map(GrantType::as_str),
        outcome,
        reason = (!reason.is_empty()).then_some(reason),
        status,
        microseconds = u64::try_from(whole.as_micros()).unwrap_or(u64::MAX),
    );
}

/// A fault is logged once, with all that led to it.
fn log_fault(fault: &Fault, request: RequestId) {
    let mut chain = String::new();
    let mut source = std::error::Error::source(fault);
    while let Some(cause) = source {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(%request, "{fault}{chain}");
}

/// A plugin failed, and its binding says to go on without it.
pub fn skipped(fault: &Fault, request: RequestId) {
    tracing::warn!(%request, "skipped: {fault}: {}", std::error::Error::source(fault).map(ToString::to_string).unwrap_or_default());
}

/// A plugin said no, or failed, where it may not keep anything from happening.
pub fn unheeded(failure: &Failure, plugin: &str, request: RequestId) {
    let cause = std::error::Error::source(failure).map(|cause| format!(": {cause}")).unwrap_or_default();
    tracing::warn!(plugin, %request, "went on without the consent of a plugin, for its binding does not permit a refusal: {failure}{cause}");
}

/// What a plugin wrote to its log.
pub fn plugin_log(plugin: &str, binding: i64, point: HookPoint, request: RequestId, call: &Call) {
    for line in &call.log {
        let (hook, text) = (point.as_str(), line.text.as_str());
        match line.level {
            Level::Debug => tracing::debug!(target: "claimsmith::plugin", plugin, binding, hook, %request, text),
            Level::Info => tracing::info!(target: "claimsmith::plugin", plugin, binding, hook, %request, text),
            Level::Warn => tracing::warn!(target: "claimsmith::plugin", plugin, binding, hook, %request, text),
            Level::Error => tracing::error!(target: "claimsmith::plugin", plugin, binding, hook, %request, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tok_013_refusals_leave_at_multiples_of_the_quantum() {
        let arrived = Instant::now();
        let quantum = Duration::from_millis(50);
        let leaves = steady(arrived, quantum).duration_since(arrived);
        assert!(leaves > Duration::ZERO && leaves.as_nanos().is_multiple_of(quantum.as_nanos()));
        let late = arrived.checked_sub(Duration::from_millis(120)).expect("a past");
        let leaves = steady(late, quantum).duration_since(late);
        assert!(leaves > Duration::from_millis(120) && leaves.as_nanos().is_multiple_of(quantum.as_nanos()));
    }

    #[test]
    fn refusals_cannot_fill_the_database() {
        let allowed = (0..1_000).filter(|_| may_record(-1)).count();
        assert!(allowed <= REFUSALS_PER_SECOND as usize);
        assert!(may_record(-2), "the next second begins anew");
    }
}
