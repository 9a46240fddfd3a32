#!/usr/bin/env bash
# Builds, tests and measures the browser package as it would be published, tests
# what the debug panel says, and holds the sample LMS's pages and the examples of
# docs/integrations against it.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$(hack/node.sh sidecar/web/client sidecar/web/client/test/react18)
node --test sidecar/web/panel/*.test.js
(
	cd sidecar/web/client
	npm run --silent typecheck
	npx tsc --noEmit -p ../../../test/lms/web/app
	npm run --silent build
	npm run --silent browsers
	npm test --silent
	npm run --silent sizes
	npm run --silent packaging
)
PATH=$(hack/examples.sh)
cd docs/integrations/examples/browser
npm run --silent check
