#!/usr/bin/env bash
# Every check and every test, in the order in which a mistake is cheapest.
set -euo pipefail
say() { printf '» %s\n' "$*"; }

deploy/lint.sh
say 'Tests of the rooms'
cargo nextest run --workspace --exclude claimsmith-tests
deploy/browser.sh
say 'Examples in the documentation of the code'
cargo test --workspace --doc --quiet
say 'Tests from outside: the binary, over HTTPS'
cargo build --package claimsmith --bin claimsmith
# Not by nextest: the tests of one file share a server.
cargo test --package claimsmith-tests
