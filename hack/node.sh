#!/usr/bin/env bash
# Makes sure of Node.js and, in the folders given, of what their package-lock.json
# asks for, installed again only when that has changed. Prints the PATH to run
# node and npm with: PATH=$(hack/node.sh FOLDER...)
#
# Where the machine's Node.js is too old, as Debian 12's is, that of hack/node is
# put into the cache and used instead.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cache=${PROGRESS_SYNC_CACHE:-$PWD/.cache}
oldest=20

install() { # folder
	(
		cd "$1"
		if ! cmp -s package-lock.json node_modules/.installed-lock; then
			npm ci --no-audit --no-fund --loglevel=error >&2
			cp package-lock.json node_modules/.installed-lock
		fi
	)
}

too_old() {
	local version
	version=$(node --version)
	version=${version#v}
	((${version%%.*} < oldest))
}

go run ./hack/packages node >&2
if too_old; then
	echo "this machine's Node.js $(node --version) is older than $oldest: using the one of hack/node, in the cache" >&2
	mkdir -p "$cache/node"
	cp hack/node/package.json hack/node/package-lock.json "$cache/node"
	install "$cache/node"
	for folder in "$cache"/node/node_modules/{.bin,node-linux-*/bin}; do
		PATH=$folder:$PATH
	done
	if too_old; then
		echo "there is no newer Node.js for $(uname -m) in hack/node: see https://nodejs.org/en/download" >&2
		exit 1
	fi
fi
for folder in "$@"; do
	install "$folder"
done
echo "$PATH"
