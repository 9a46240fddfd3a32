#!/usr/bin/env bash
# Runs all tests, in stages, and prints what each took. The programs of the test
# cluster are built, where they are not cached, while the unit tests run, and fuzzing
# computes while the tests on the cluster wait.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
cache=${PROGRESS_SYNC_CACHE:-$root/.cache}
logs=$cache/logs
mkdir -p "$logs"
rm -f "$logs"/test-*.log

begin=$SECONDS
failed=0
summary=()

# A stage's output is shown and kept, and a failing stage does not stop the
# others: one run shows all that is wrong.
stage() { # name, command...
	local name=$1 start=$SECONDS result=passed
	shift
	echo "--- $name"
	if ! "$@" 2>&1 | tee "$logs/test-$name.log"; then
		result=FAILED
		failed=1
	fi
	summary+=("$(printf '%-10s %-7s %5d s' "$name" "$result" $((SECONDS - start)))")
}

# Packages that have tests behind a build tag.
tagged() { # tag
	grep -rlE --exclude-dir='.?*' --include='*_test.go' "^//go:build .*\b$1\b" . | xargs -r -n1 dirname | sort -u
}

cluster_programs() {
	if wait "$programs"; then
		cat "$logs/programs.log"
	else
		cat "$logs/programs.log"
		return 1
	fi
}

go run ./hack/packages race cluster bouncer disks browser film node integrations

# Below the tests' priority, so that these are not slowed down.
nice -n 5 go run ./test/cluster/cmd/cluster build >"$logs/programs.log" 2>&1 &
programs=$!

# The stage "fault" runs the test that is skipped, for longer and without the detector.
stage unit go test -race -count=1 -timeout 20m -skip '^TestNothingIsLostOrDoubled$' ./...
stage fault env FAULT_DURATION="${FAULT_DURATION:-75s}" go test -count=1 -timeout 10m -v -run TestNothingIsLostOrDoubled ./test/fault
stage client hack/client.sh
stage proxies hack/proxies.sh
stage browser hack/browser.sh

# What FuzzConversation finds is a difference between two servers, which is a fault only
# after somebody has read the RFC: it is looked for with `make fuzz`, and the unit tests
# play all that were found.
WITHOUT=FuzzConversation FUZZTIME="${FUZZTIME:-1s}" nice -n 19 hack/fuzz.sh >"$logs/fuzz.log" 2>&1 &
fuzz=$!

start=$SECONDS
echo "--- programs of the test cluster"
if cluster_programs; then
	summary+=("$(printf '%-10s %-7s %5d s' programs built $((SECONDS - start)))")
	mapfile -t envtest < <(tagged envtest)
	mapfile -t e2e < <(tagged e2e)
	stage chart go test -tags chart -count=1 ./test/chart
	stage envtest go test -tags envtest -count=1 -timeout 15m "${envtest[@]}"
	# One package after the other: they share the cluster.
	stage e2e go test -tags e2e -count=1 -p 1 -timeout 30m "${e2e[@]}"
else
	failed=1
	summary+=("$(printf '%-10s %-7s %5d s' programs FAILED $((SECONDS - start)))")
fi

# Its time is what it took longer than the stages above it.
fuzzed() {
	cat "$logs/fuzz.log"
	return "$1"
}
result=0
wait "$fuzz" || result=$?
stage fuzz fuzzed "$result"

echo
echo "stage      result    time"
printf '%s\n' "${summary[@]}"
echo "total      $( ((failed)) && echo FAILED || echo 'passed ') $((SECONDS - begin)) s"
echo
# What go test and node said at the end of each package, all stages together.
grep -hE '^(ok|FAIL|---? FAIL|panic:|ℹ (tests|pass|fail))' "$logs"/test-*.log || true
if ((failed)); then
	echo
	# Why it failed comes last, where whoever has only the end of this looks.
	for log in "$logs"/test-*.log; do
		grep -hE -A6 '^ *--- FAIL|^panic:|WARNING: DATA RACE' "$log" | grep -vE '^(ok|FAIL)\b' | head -n 20 || true
		sed -n '/^✖ failing tests:/,$p' "$log" | grep -vE '^ +(at|generatedMessage|code|operator|actual|expected)\b|^ *}?$' | head -n 20 || true
	done
fi
exit "$failed"
