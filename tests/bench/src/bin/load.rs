//! Loads a server: reads a plan, in JSON, from standard input; prints what came of it, in JSON.

use std::io::Write;
use std::process::ExitCode;

use claimsmith_bench::load::{Plan, run};

#[allow(clippy::print_stderr, reason = "a failure is for the person at the terminal")]
fn main() -> ExitCode {
    let plan: Plan = serde_json::from_reader(std::io::stdin().lock()).expect("a plan");
    match run(&plan) {
        Ok(report) => {
            let text = serde_json::to_string(&report).expect("JSON");
            writeln!(std::io::stdout(), "{text}").expect("standard output");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("the load broke off: {error}");
            ExitCode::FAILURE
        }
    }
}
