#!/usr/bin/env bash
# Runs the Go benchmarks of all packages that have any. BENCH is a regular
# expression of names (default all), COUNT how often each runs (default 1).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
mapfile -t packages < <(grep -rlE --exclude-dir='.?*' --include='*_test.go' '^func Benchmark' . | xargs -r -n1 dirname | sort -u)
go test -run '^$' -bench "${BENCH:-.}" -benchmem -count "${COUNT:-1}" -timeout 60m "${packages[@]}"
