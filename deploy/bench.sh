#!/usr/bin/env bash
# Measures the release build against its targets: parts, ladder, load, peer. Loopback only; ends by itself within twenty minutes.
# Writes target/bench/report.md and prints it. Numbers never fail it; something that does not work does.
set -euo pipefail
say() { printf '» %s\n' "$*"; }

cd "$(dirname "$0")/.."
report=${1:-target/bench/report.md}
mkdir -p "$(dirname "$report")"
say 'Building the bench'
cargo build --release --package claimsmith-bench --bins
load=$(cut -d ' ' -f 1 /proc/loadavg)
say "Measuring (load of the machine before: $load)"
target/release/bench-ladder "$report"
say "Written to $report"
