//! Measures a release build: `bench-ladder [REPORT.md]`. The whole takes some minutes; see `docs/performance.md`.

use std::path::PathBuf;

use claimsmith_bench::bench::run;

fn main() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let report = std::env::args().nth(1).map_or_else(|| root.join("target/bench/report.md"), PathBuf::from);
    run(&root, &report);
}
