#!/usr/bin/env bash
# Runs every fuzz target but those named in WITHOUT for FUZZTIME (default 10s), one
# after the other. A package is compiled once for all of its targets.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log
# Where go test keeps what it has found.
found=$(go env GOCACHE)/fuzz
module=$(go list -m)

# The program is run where go test would run it: it writes a failing input to testdata.
fuzz() { # target folder
	local keep=$found/$module/$2
	mkdir -p "$keep"
	(cd "$2" && "$scratch/fuzz.test" -test.run '^$' -test.fuzz "^$1\$" -test.fuzztime "${FUZZTIME:-10s}" \
		-test.fuzzcachedir "$keep" -test.paniconexit0) 2>&1 | tee "$log"
}

# late says that the end of the time was taken for a failure, as it is on a loaded
# machine (golang/go issue 75804): no input has been found then.
late() { grep -qx '    context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log"; }

compiled=
while IFS=: read -r file target; do
	[[ " ${WITHOUT:-} " != *" $target "* ]] || continue
	folder=$(dirname "$file")
	folder=${folder#./}
	echo "--- $target in $folder"
	if [[ $folder != "$compiled" ]]; then
		go test -c -fuzz . -o "$scratch/fuzz.test" "./$folder"
		compiled=$folder
	fi
	for attempt in 1 2 3; do
		if fuzz "$target" "$folder"; then
			break
		fi
		late && ((attempt < 3)) || exit 1
	done
done < <(grep -roE --exclude-dir='.?*' --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sed 's/func //' | sort)
