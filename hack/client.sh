#!/usr/bin/env bash
# Builds, tests and measures the browser package as it would be published.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$(hack/node.sh sidecar/web/client sidecar/web/client/test/react18)
cd sidecar/web/client
npm run --silent typecheck
npm run --silent build
npm test --silent
npm run --silent sizes
npm run --silent packaging
