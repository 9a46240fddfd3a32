#!/usr/bin/env bash
# Prints the path of a pinned tool, and builds it first where that version is
# not in the cache. Usage: hack/tool.sh controller-gen
#
# Each tool has a module of its own under hack/tools, so that what it depends on
# never mixes with what the product depends on.
set -euo pipefail

tool=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${PROGRESS_SYNC_CACHE:-$root/.cache}

cd "$root/hack/tools/$tool"
read -r package version < <(GOFLAGS=-mod=readonly go list -f '{{.ImportPath}} {{.Module.Version}}' tool)
binary=$cache/bin/$tool-$version-$(go env GOVERSION)

if [[ ! -x $binary ]]; then
	start=$SECONDS
	echo "building $tool $version (once for this version) ..." >&2
	mkdir -p "$cache/bin"
	# Minutes of work for a linter must not slow down what runs beside it.
	nice -n 10 go build -trimpath -ldflags '-s -w' -o "$binary.$$" "$package"
	mv "$binary.$$" "$binary"
	echo "built $tool $version in $((SECONDS - start)) s" >&2
fi
echo "$binary"
