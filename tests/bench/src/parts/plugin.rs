//! One call of a plugin alone: a fresh instance on one warm thread.

use std::sync::Arc;

use claimsmith_hooks::{Host, Plugin, Settings};
use claimsmith_issuer::hook::{Context, Draft, Edit};
use claimsmith_issuer::value::{Member, Value};

use crate::cpu::best_of_five;
use crate::sample;

/// CPU microseconds of one call, with the edits that it answers.
///
/// # Panics
/// When the component cannot be loaded, or a call fails.
pub fn measure(component: &[u8]) -> (f64, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let host = Host::new(Settings::default(), [0; 32]).expect("a host");
    let plugin = host.load_trusted(component).expect("a plugin");
    let edits = runtime.block_on(call(&host, &plugin, 1));
    let cpu = best_of_five(20_000, |turns| {
        runtime.block_on(call(&host, &plugin, turns));
    });
    (cpu, edits.len())
}

async fn call(host: &Host, plugin: &Arc<Plugin>, turns: u32) -> Vec<Edit> {
    let scopes: Vec<Box<str>> = sample::SCOPE.split(' ').map(Into::into).collect();
    let audience: Vec<Box<str>> = vec![sample::ISSUER.into()];
    let parameters = [("grant_type", "client_credentials"), ("scope", sample::SCOPE)].map(|(name, value)| (name.into(), value.into()));
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("host", "localhost:8443"), ("content-length", "66")];
    let headers = headers.map(|(name, value)| (name.into(), value.into()));
    let claims = ["iss", "sub", "client_id"].map(|name| {
        let value = if name == "iss" { sample::ISSUER } else { sample::CLIENT_ID };
        Member::known(name, Value::from(value))
    });
    let context = Context {
        client_id: sample::CLIENT_ID,
        client_tags: &[],
        client_metadata: sample::METADATA,
        grant_type: "client_credentials",
        refresh: false,
        requested_scopes: &scopes,
        requested_resources: &[],
        subject: Some(sample::CLIENT_ID),
        parameters: &parameters,
        headers: &headers,
        now_milliseconds: 1_800_000_000_000,
        background: None,
    };
    let draft = Draft::access_token(&claims, &scopes, &audience, 3_600);
    let mut edits = Vec::new();
    for _ in 0..turns {
        let call = host.call(plugin, &context, sample::CONFIGURATION, &draft, &host.settings().limits).await;
        edits = call.answer.expect("an answer").expect("edits");
    }
    edits
}
