//! The parts of a token, measured alone.
//!
//! ```text
//! bench-parts door WORKERS CERTIFICATE KEY    serves a static answer until standard input ends
//! bench-parts loops COMPONENT                 everything that needs neither socket nor database
//! bench-parts records DATABASE_URL CLIENT_ID  grouped writes and reads
//! ```

use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use claimsmith_bench::parts::{assertion, desk, door, plugin, records, sign};
use claimsmith_jose::SigningAlg;
use serde_json::{Map, Value, json};

#[allow(clippy::print_stderr, reason = "usage is for the person at the terminal")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["door", workers, certificate, key] => {
            let (server, addr) = door::open(workers.parse().expect("a number of threads"), certificate.into(), key.into());
            print(&json!({ "addr": addr.to_string(), "pid": std::process::id() }));
            let _ = std::io::stdin().read(&mut [0]);
            drop(server);
        }
        ["loops", component] => print(&loops(&std::fs::read(component).expect("a component"))),
        ["records", url, client_id] => {
            #[allow(clippy::disallowed_methods, reason = "a bench asks the system")]
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
            let records = records::measure(url, client_id, i64::try_from(now).expect("a date"));
            print(&json!({
                "reference": records.reference,
                "guard": records.guard,
                "read_reference": records.read_reference,
                "read_revocation": records.read_revocation,
            }));
        }
        _ => {
            eprintln!("usage: bench-parts door WORKERS CERTIFICATE KEY | loops COMPONENT | records DATABASE_URL CLIENT_ID");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn loops(component: &[u8]) -> Value {
    let algs = [
        SigningAlg::Es256,
        SigningAlg::Es384,
        SigningAlg::Es512,
        SigningAlg::Rs256,
        SigningAlg::Ps256,
        SigningAlg::Ps384,
        SigningAlg::Ps512,
        SigningAlg::EdDsa,
    ];
    let sign: Map<String, Value> = algs.into_iter().map(|alg| (alg.as_str().to_owned(), json!(sign::measure(alg)))).collect();
    let (plugin, edits) = plugin::measure(component);
    json!({
        "payload_bytes": sign::payload(),
        "desk": desk::measure(),
        "sign": sign,
        "verify": sign::measure_verify(),
        "assertion": assertion::measure(),
        "plugin": plugin,
        "plugin_edits": edits,
    })
}

fn print(value: &Value) {
    let mut out = std::io::stdout();
    writeln!(out, "{value}").and_then(|()| out.flush()).expect("standard output");
}
