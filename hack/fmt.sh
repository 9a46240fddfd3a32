#!/usr/bin/env bash
# Formats all Go files that git knows or would add; with --check it only lists
# the ones that are not formatted and fails.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
mapfile -t files < <(git ls-files --cached --others --exclude-standard '*.go' | while read -r file; do [[ -e $file ]] && echo "$file"; done)

if [[ ${1:-} != --check ]]; then
	gofmt -s -w "${files[@]}"
	exit
fi
unformatted=$(gofmt -s -l "${files[@]}")
if [[ -n $unformatted ]]; then
	echo "not formatted, run 'make fmt':" >&2
	echo "$unformatted" >&2
	exit 1
fi
