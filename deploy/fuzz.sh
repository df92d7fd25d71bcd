#!/usr/bin/env bash
# Drives every target of tests/fuzz with libFuzzer for a while. What it finds is kept in tests/fuzz/corpus and is where the
# next run begins; what breaks something is in tests/fuzz/artifacts.
#   FUZZ_SECONDS=20    seconds for each target
#   FUZZ_TARGETS=…     the targets, all by default; without `configuration` and `upload`, which need the whole server, it
#                      builds much faster
#
# With the pinned toolchain: coverage needs no nightly compiler, only the sanitizers do, and they look for what safe Rust
# does not have (docs/decisions/0008-libraries-at-the-edge.md).
set -euo pipefail
say() { printf '» %s\n' "$*"; }

seconds=${FUZZ_SECONDS:-20}
targets=${FUZZ_TARGETS:-$(cd tests/fuzz/targets && printf '%s ' *.rs | sed 's/\.rs//g')}
missing=()
cargo fuzz --version >/dev/null 2>&1 || missing+=('cargo-fuzz (cargo install --locked cargo-fuzz)')
command -v c++ >/dev/null 2>&1 || missing+=('a C++ compiler, for libFuzzer (Debian, Ubuntu: apt-get install g++)')
if [ ${#missing[@]} -gt 0 ]; then
    printf 'Missing: %s\n' "${missing[@]}" >&2
    exit 1
fi

# Overflow checks and debug assertions of the dev profile, at a speed at which an engine gets somewhere.
export CARGO_PROFILE_DEV_OPT_LEVEL=2 CARGO_INCREMENTAL=0
options=(--fuzz-dir tests/fuzz --dev --sanitizer none --features engine --target-dir target/fuzz)
[[ " $targets " == *" configuration "* || " $targets " == *" upload "* ]] || options+=(--no-default-features)
say 'Building the targets (the first time, some minutes)'
cargo fuzz build "${options[@]}" >/dev/null

failed=()
for target in $targets; do
    corpus=tests/fuzz/corpus/$target
    mkdir -p "$corpus"
    say "$target: $seconds s"
    log=$(mktemp)
    if cargo fuzz run "${options[@]}" "$target" "$corpus" "tests/fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 >"$log" 2>&1; then
        awk '/number_of_executed_units|new_units_added|peak_rss_mb/ { printf "    %s %s\n", $1, $2 }' "$log"
    else
        failed+=("$target")
        cat "$log" >&2
    fi
    rm -f "$log"
done

if [ ${#failed[@]} -gt 0 ]; then
    say "Broken: ${failed[*]}. The inputs are in tests/fuzz/artifacts; run one again with" >&2
    say "  cargo fuzz run ${options[*]} TARGET FILE" >&2
    say 'When it is mended, put the input into tests/fuzz/seeds and a test beside the code.' >&2
    exit 1
fi
say 'Nothing broke'
