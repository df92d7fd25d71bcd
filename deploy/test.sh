#!/usr/bin/env bash
# Every check and every test, in the order in which a mistake is cheapest.
set -euo pipefail
say() { printf '» %s\n' "$*"; }

deploy/lint.sh
say 'Tests'
cargo nextest run --workspace
say 'Examples in the documentation of the code'
cargo test --workspace --doc --quiet
