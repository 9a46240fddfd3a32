#!/usr/bin/env bash
# Runs the browser tests: real Chromium, sample LMS, sidecars and Postgres.
# hack/browser.sh [pattern] runs those whose name matches.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${PROGRESS_SYNC_CACHE:-$PWD/.cache}

go run ./hack/packages postgres browser film
mkdir -p "$cache/browser"
# Not run by `go run`, so that its parent is the one that it has to end with.
go build -o "$cache/browser/stack" ./test/browser/stack

PATH=$(hack/examples.sh)
PATH=$(hack/node.sh test/browser sidecar/web/client)
cd test/browser
export STACK=$cache/browser/stack
if [[ -n ${SHEET:-} ]]; then
  exec node sheet.js
fi
if [[ -n ${PICTURES:-} ]]; then
  exec node pictures.js
fi
exec node --test-reporter=spec ${1:+--test-name-pattern="$1"} main.test.js
