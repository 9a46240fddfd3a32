#!/usr/bin/env bash
# Runs the proxies of docs/integrations in front of a real sidecar.
set -euo pipefail
cd "$(dirname "$0")/.."
go run ./hack/packages integrations
PATH=$(hack/node.sh)
exec go test -tags integrations -count=1 ./test/integrations
