#!/usr/bin/env bash
# Looks at every page in Chromium: axe-core finds nothing, nothing scrolls sideways, nothing is refused by the pages' own
# policies. With a folder as argument it leaves pictures of the main pages there.
set -euo pipefail
say() { printf '» %s\n' "$*"; }

say 'Pages in Chromium'
folder=target/browser
# What the tests of the rooms have built anyway: the same packages, so the same features.
cargo build --quiet --workspace --exclude claimsmith-tests --example pages
mkdir -p "$folder"
cp tests/browser/{package.json,package-lock.json,.npmrc} "$folder/"
if ! cmp -s tests/browser/package-lock.json "$folder/installed"; then
    (cd "$folder" && npm ci --silent --ignore-scripts)
    cp tests/browser/package-lock.json "$folder/installed"
fi
# Modules are looked for beside the file that imports them.
cp tests/browser/*.mjs "$folder/"
rm -rf "$folder/pages"
target/debug/examples/pages "$folder/pages"
node "$folder/test.mjs" "$folder/pages" "$@"
