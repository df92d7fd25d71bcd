#!/usr/bin/env bash
# Installs what building, running or testing Claimsmith needs and this machine lacks, or says what is missing and how to
# get it. Idempotent; silent where nothing is missing.
#   prerequisites.sh run    what `make run` and `make build` need
#   prerequisites.sh test   what `make test` and `make lint` need beside
#   prerequisites.sh fuzz   what `make fuzz` needs beside
set -euo pipefail
purpose=${1:-run}

say() { printf '» %s\n' "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }
has_package() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'; }
has_postgres() { has postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; }
has_header() { has pkg-config && pkg-config --exists "$1"; }

missing=()
has cc || missing+=(build-essential)
has pkg-config || missing+=(pkg-config)
has_header openssl || missing+=(libssl-dev)
has_header libpq || missing+=(libpq-dev)
has_postgres || missing+=(postgresql)
has curl || missing+=(curl)
if [ "$purpose" = fuzz ]; then has c++ || missing+=(g++); fi
if [ "$purpose" = test ]; then
    has git || missing+=(git)
    has openssl || missing+=(openssl)
    has pg_dump || missing+=(postgresql-client)
    has python3 || missing+=(python3)
    if ! has node; then missing+=(nodejs npm); fi
    if [ ! -x "${CHROMIUM:-/usr/bin/chromium}" ]; then missing+=(chromium); fi
    if has python3 && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then missing+=(python3-venv); fi
fi

if [ ${#missing[@]} -gt 0 ]; then
    sudo=()
    if [ "$(id -u)" != 0 ]; then
        if has sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then sudo=(sudo); else cannot=1; fi
    fi
    has apt-get || cannot=1
    if [ -n "${cannot:-}" ]; then
        say "Missing: ${missing[*]}" >&2
        say "Install them as an administrator (Debian, Ubuntu: apt-get install ${missing[*]}), then run this again." >&2
        exit 1
    fi
    say "Installing ${missing[*]} (packages of this distribution)"
    as_root() { "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive "$@"; }
    as_root apt-get update -qq
    # The database server is started by Claimsmith itself: the packages must not make a cluster of their own.
    no_cluster=/etc/postgresql-common/createcluster.d/claimsmith-no-main-cluster.conf
    as_root mkdir -p "$(dirname "$no_cluster")"
    echo 'create_main_cluster = false' | as_root tee "$no_cluster" >/dev/null
    as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    as_root rm -f "$no_cluster"
fi

if ! has cargo && [ -x "$HOME/.cargo/bin/cargo" ]; then PATH="$HOME/.cargo/bin:$PATH"; fi
if ! has cargo; then
    say "Missing: a Rust toolchain (rustup). See https://rustup.rs, then run this again." >&2
    exit 1
fi
if has rustup; then
    rustup target list --installed | grep -qx wasm32-wasip2 || { say 'Adding the Rust target wasm32-wasip2'; rustup target add wasm32-wasip2; }
fi

if [ "$purpose" = test ]; then
    # Binaries of the registry, built once.
    cargo nextest --version >/dev/null 2>&1 || { say 'Building cargo-nextest (once, some minutes)'; cargo install --quiet --locked cargo-nextest; }
    cargo deny --version >/dev/null 2>&1 || { say 'Building cargo-deny (once, some minutes)'; cargo install --quiet --locked cargo-deny; }
fi
if [ "$purpose" = fuzz ]; then
    cargo fuzz --version >/dev/null 2>&1 || { say 'Building cargo-fuzz (once, a minute or two)'; cargo install --quiet --locked cargo-fuzz; }
fi
