//! What one plugin call costs alone: CPU microseconds, warm, one thread, best of five.
//!
//! `call_alone COMPONENT [CALLS]`

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use claimsmith_hooks::{Host, Plugin, Settings};
use claimsmith_issuer::hook::{Context, Draft};
use claimsmith_issuer::value::{Member, Value};

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout, clippy::print_stderr)]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        eprintln!("usage: call_alone COMPONENT [CALLS]");
        return ExitCode::FAILURE;
    };
    let calls: u32 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    match measure(&path, calls).await {
        Ok((best, fuel)) => {
            println!("plugin call alone: {:.2} CPU us, {fuel} fuel", best.as_secs_f64() * 1e6 / f64::from(calls));
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(path: &str, calls: u32) -> Result<(Duration, u64), String> {
    let component = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    let host = Host::new(Settings::default(), [0; 32]).map_err(|error| format!("{error}"))?;
    let plugin = host.load_trusted(&component).map_err(|error| format!("{error}"))?;
    let fuel = round(&host, &plugin, calls / 10).await?;
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let before = cpu_time();
        round(&host, &plugin, calls).await?;
        best = best.min(cpu_time().saturating_sub(before));
    }
    Ok((best, fuel))
}

async fn round(host: &Host, plugin: &Arc<Plugin>, calls: u32) -> Result<u64, String> {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.into()).collect::<Vec<Box<str>>>();
    let (tags, scopes, resources) = (texts(&["gold", "eu"]), texts(&["read", "write"]), texts(&["https://api.example"]));
    let parameters = [("tenant", "acme"), ("grant_type", "client_credentials")].map(|(name, value)| (name.into(), value.into()));
    let headers = [("user-agent", "bench/1.0"), ("accept", "application/json")].map(|(name, value)| (name.into(), value.into()));
    let claims = [
        Member::known("iss", Value::from("https://issuer.example")),
        Member::known("sub", Value::from("a-client-of-ours")),
        Member::known("client_id", Value::from("a-client-of-ours")),
        Member::known("iat", Value::Integer(1_767_225_600)),
        Member::known("exp", Value::Integer(1_767_229_200)),
        Member::known("jti", Value::from("AAAAAAAAAAAAAAAAAAAAAA")),
        Member::known("scope", Value::from("read write")),
    ];
    let context = Context {
        client_id: "a-client-of-ours",
        client_tags: &tags,
        client_metadata: r#"{"customer_tier":"gold","contract":"2026-17"}"#,
        grant_type: "client_credentials",
        refresh: false,
        requested_scopes: &scopes,
        requested_resources: &resources,
        subject: Some("a-client-of-ours"),
        parameters: &parameters,
        headers: &headers,
        now_milliseconds: 1_767_225_600_000,
        background: None,
    };
    let configuration = r#"{"claims":{"org":"acme","region":"eu-central","plan":"enterprise","seats":250}}"#;
    let draft = Draft::access_token(&claims, &scopes, &resources, 3600);
    let mut fuel = 0;
    for _ in 0..calls.max(1) {
        let call = host.call(plugin, &context, configuration, &draft, &host.settings().limits).await;
        call.answer.map_err(|fault| format!("the call failed: {fault}"))?.map_err(|refusal| format!("refused: {refusal:?}"))?;
        fuel = call.fuel;
    }
    Ok(fuel)
}

/// CPU time of the whole process, system time included.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
