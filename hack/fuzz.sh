#!/usr/bin/env bash
# Runs every fuzz target but those named in WITHOUT for FUZZTIME (default 10s), one
# after the other.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

fuzz() { # target file
	go test -run '^$' -fuzz "^$1\$" -fuzztime "${FUZZTIME:-10s}" "./$(dirname "$2")" 2>&1 | tee "$log"
}

# late says that go test took the end of its own time for a failure, as it does on a
# loaded machine (golang/go issue 75804): it has found no input then.
late() { grep -qx '    context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log"; }

while IFS=: read -r file target; do
	[[ " ${WITHOUT:-} " != *" $target "* ]] || continue
	echo "--- $target in $(dirname "$file")"
	if ! fuzz "$target" "$file"; then
		late || exit 1
		fuzz "$target" "$file"
	fi
done < <(grep -roE --exclude-dir='.?*' --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sed 's/func //' | sort)
