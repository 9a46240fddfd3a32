#!/usr/bin/env bash
# Builds the static binaries of both images for both architectures into
# dist/linux_<architecture>/, and checks that they are what they say.
set -euo pipefail

# grpcnotrace is gRPC's own tag: it leaves out pages for debugging, with whose templates
# the linker has to keep every exported method, a quarter of the program.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
version=$(<hack/VERSION)

for architecture in amd64 arm64; do
	for command in operator sidecar spool-import; do
		start=$SECONDS
		target=dist/linux_$architecture/$command
		CGO_ENABLED=0 GOOS=linux GOARCH=$architecture \
			go build -trimpath -tags grpcnotrace -ldflags "-s -w -X main.version=$version" -o "$target" "./cmd/$command"
		printf '%-28s %5.1f MiB  %3d s\n' "$target" \
			"$(awk -v bytes="$(stat -c %s "$target")" 'BEGIN { print bytes / 1048576 }')" $((SECONDS - start))
	done
	go run ./hack/elfcheck "$architecture" "dist/linux_$architecture/"*
done
