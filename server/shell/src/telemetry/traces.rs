//! Traces: of a share of requests, one span for the request and one for each stage, sent by OTLP.
//!
//! Spans are made when a request is over, from the times that metrics need anyway: what is not sampled costs one addition.
//! Within its request the stages are laid end to end; their lengths are measured, the gaps between them are not.

use super::metrics::Stage;
use crate::config::Otel;
use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider};
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

/// A request that is over.
pub struct Walked<'a> {
    /// Its id.
    pub request: &'a dyn fmt::Display,
    /// The endpoint.
    pub endpoint: &'static str,
    /// The grant; empty where none is in play.
    pub grant: &'static str,
    /// The client, if it is registered; else empty.
    pub client: &'a str,
    /// `ok` or the error code.
    pub outcome: &'static str,
    /// Why it was refused, or failed; else empty.
    pub reason: &'static str,
    /// The status.
    pub status: u16,
    /// From arrival to answer.
    pub whole: Duration,
    /// Its stages as far as it came.
    pub stages: &'a [Option<Duration>; Stage::COUNT],
}

/// The way to the collector.
pub(super) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    per_mille: u64,
    seen: AtomicU64,
}

/// Spans that may wait for the collector; what is beyond is dropped.
const QUEUE: usize = 4096;
/// How long a batch may take to be sent.
const TIMEOUT: Duration = Duration::from_secs(5);

impl Traces {
    /// Starts the thread that sends; `None` when there is no collector.
    pub(super) fn start(settings: &Otel, version: &'static str) -> Result<Option<Traces>, Box<dyn Error>> {
        let Some(endpoint) = &settings.endpoint else { return Ok(None) };
        // Security: proxies of the environment are not asked, and a collector that redirects is not followed.
        let client =
            reqwest::blocking::Client::builder().timeout(TIMEOUT).no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/')))
            .with_timeout(TIMEOUT)
            .build()?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(QUEUE / 8)
            .with_scheduled_delay(Duration::from_secs(2))
            .build();
        let name = settings.service_name.as_str().to_owned();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batches).build())
            .with_sampler(Sampler::AlwaysOn)
            .with_resource(
                Resource::builder_empty().with_service_name(name).with_attribute(KeyValue::new("service.version", version)).build(),
            )
            .build();
        let tracer = provider.tracer("claimsmith");
        Ok(Some(Traces { provider, tracer, per_mille: settings.sample_per_mille.into(), seen: AtomicU64::new(0) }))
    }

    /// Makes spans of a request, if it is one of those that are traced. Never waits.
    pub(super) fn record(&self, walked: &Walked<'_>) {
        if is_sampled(self.seen.fetch_add(1, Relaxed), self.per_mille) {
            self.spans(walked);
        }
    }

    fn spans(&self, walked: &Walked<'_>) {
        #[allow(clippy::disallowed_methods, reason = "a span wants the system's own notion of time")]
        let ends_at = SystemTime::now();
        let begins_at = ends_at.checked_sub(walked.whole).unwrap_or(ends_at);
        let mut attributes = vec![
            KeyValue::new("claimsmith.request", walked.request.to_string()),
            KeyValue::new("claimsmith.endpoint", walked.endpoint),
            KeyValue::new("claimsmith.outcome", walked.outcome),
            KeyValue::new("http.response.status_code", i64::from(walked.status)),
        ];
        let named = [("oauth.grant_type", walked.grant), ("claimsmith.reason", walked.reason)];
        attributes.extend(named.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| KeyValue::new(*name, *text)));
        if !walked.client.is_empty() {
            attributes.push(KeyValue::new("oauth.client_id", walked.client.to_owned()));
        }
        let builder =
            SpanBuilder::from_name(walked.endpoint).with_kind(SpanKind::Server).with_start_time(begins_at).with_attributes(attributes);
        let mut span = self.tracer.build_with_context(builder, &Context::new());
        if walked.status >= 500 {
            span.set_status(Status::error(walked.reason));
        }
        let parent = Context::new().with_remote_span_context(span.span_context().clone());
        let mut at = begins_at;
        for (stage, spent) in Stage::ALL.iter().zip(walked.stages) {
            let Some(spent) = spent else { continue };
            let builder = SpanBuilder::from_name(stage.as_str()).with_kind(SpanKind::Internal).with_start_time(at);
            at = at.checked_add(*spent).unwrap_or(at);
            self.tracer.build_with_context(builder, &parent).end_with_timestamp(at);
        }
        span.end_with_timestamp(ends_at);
    }

    /// Sends what waits, for as long as a batch may take, and ends the thread.
    pub(super) fn finish(&self) {
        if let Err(fault) = self.provider.shutdown_with_timeout(TIMEOUT) {
            tracing::warn!(%fault, "the last traces were not sent");
        }
    }
}

/// Whether the request with this number is one of `per_mille` in a thousand, evenly spread.
const fn is_sampled(number: u64, per_mille: u64) -> bool {
    (number % 1000) * per_mille % 1000 < per_mille
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    #[test]
    fn the_share_is_exact_and_spread() {
        for share in [0, 1, 10, 333, 1000] {
            let sampled: Vec<u64> = (0..3000).filter(|number| is_sampled(*number, share)).collect();
            assert_eq!(sampled.len() as u64, 3 * share, "{share} ‰");
        }
    }

    /// Takes one request off a connection, and answers 200.
    fn collect(listener: &TcpListener) -> Vec<u8> {
        let (mut stream, _) = listener.accept().expect("a connection");
        let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
        loop {
            let length = stream.read(&mut chunk).expect("readable");
            bytes.extend_from_slice(&chunk[..length]);
            let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
            let Some(head) = head else { continue };
            let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
            let wanted: usize = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.trim().parse().expect("a number"));
            if bytes.len() >= head + 4 + wanted {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").expect("writable");
                return bytes;
            }
        }
    }

    #[test]
    fn a_request_and_its_stages_reach_the_collector() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let settings = Otel {
            endpoint: Some(url.parse().expect("a URL")),
            sample_per_mille: 1000,
            service_name: "claimsmith".parse().expect("a text"),
        };
        let traces = Traces::start(&settings, "0.0.0").expect("startable").expect("switched on");
        let collector = std::thread::spawn(move || collect(&listener));
        let mut stages = [None; Stage::COUNT];
        stages[Stage::Sign as usize] = Some(Duration::from_micros(22));
        let (whole, grant, reason) = (Duration::from_micros(60), "client_credentials", "");
        traces.record(&Walked {
            request: &"r-1",
            endpoint: "token",
            grant,
            client: "c-1",
            outcome: "ok",
            reason,
            status: 200,
            whole,
            stages: &stages,
        });
        traces.finish();
        let bytes = collector.join().expect("collected");
        let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(bytes.starts_with(b"POST /v1/traces HTTP/1.1\r\n") && has("application/x-protobuf"));
        for text in ["token", "sign", "r-1", "c-1", "client_credentials"] {
            assert!(has(text), "{text}");
        }
        assert!(!has("settle"), "a stage that was not reached is no span");
    }
}
