#!/usr/bin/env bash
# Everything that can be said of the code without running it.
set -euo pipefail
say() { printf '» %s\n' "$*"; }

say 'Formatting'
cargo fmt --all --check
say 'Lints'
cargo clippy --workspace --all-targets --quiet -- --deny warnings
say 'Documentation'
RUSTDOCFLAGS='--deny warnings' cargo doc --workspace --no-deps --quiet
say 'Dependencies: bans, licences, sources'
cargo deny --log-level error check bans licenses sources
say 'Dependencies: advisories'
if database=$(mktemp -d) && timeout 60 cargo deny --log-level error fetch db >"$database/log" 2>&1; then
    cargo deny --log-level error check --disable-fetch advisories
else
    say 'SKIPPED: the advisory database is out of reach from here'
fi
rm -rf "${database:-}"
