#!/usr/bin/env bash
# Makes sure of Node.js and, in the folders given, of what their package-lock.json
# asks for, installed again only when that has changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
go run ./hack/packages node
version=$(node --version)
major=${version#v}
if ((${major%%.*} < 20)); then
	echo "Node.js 20 or newer is needed, this is $version: see https://nodejs.org/en/download" >&2
	exit 1
fi
for folder in "$@"; do
	(
		cd "$folder"
		if ! cmp -s package-lock.json node_modules/.installed-lock; then
			npm ci --no-audit --no-fund
			cp package-lock.json node_modules/.installed-lock
		fi
	)
done
