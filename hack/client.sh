#!/usr/bin/env bash
# Builds, tests and measures the browser package as it would be published.
set -euo pipefail
cd "$(dirname "$0")/../sidecar/web/client"

# Installed again only when the lock file says something else.
if ! cmp -s package-lock.json node_modules/.installed-lock; then
  npm ci --no-audit --no-fund
  cp package-lock.json node_modules/.installed-lock
fi
npm run --silent typecheck
npm run --silent build
npm test --silent
npm run --silent sizes
npm run --silent packaging
