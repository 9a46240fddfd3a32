#!/usr/bin/env bash
# Installs what the browser examples of docs/integrations need, and into them the
# browser package as it would be published. Prints the PATH to run node with:
# PATH=$(hack/examples.sh)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
examples=docs/integrations/examples/browser
PATH=$(hack/node.sh sidecar/web/client "$examples")
tarballs=$(mktemp -d)
trap 'rm -rf "$tarballs"' EXIT
(cd sidecar/web/client && npm pack --silent --pack-destination "$tarballs" >&2)
(cd "$examples" && npm install --no-save --no-package-lock --no-audit --no-fund --loglevel=error "$tarballs"/*.tgz >&2)
echo "$PATH"
