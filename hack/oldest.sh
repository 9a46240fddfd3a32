#!/usr/bin/env bash
# Runs the tests of what an API server decides against the oldest Kubernetes
# that is supported. Its kube-apiserver is built once into .cache/oldest; cloud
# providers, of which it has no need, are left out.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
cache=${PROGRESS_SYNC_CACHE:-$root/.cache}
tools=test/cluster/tools/oldest
version=$(cd "$tools" && GOFLAGS=-mod=readonly go list -m -f '{{.Version}}' k8s.io/kubernetes)
bin=$cache/oldest/$version

go run ./test/cluster/cmd/cluster build
if [[ ! -x $bin/kube-apiserver ]]; then
	echo "building kube-apiserver $version"
	minor=${version#v1.}
	at=k8s.io/component-base/version
	(cd "$tools" && CGO_ENABLED=0 go build -mod=mod -tags providerless \
		-ldflags "-s -w -X $at.gitVersion=$version -X $at.gitMajor=1 -X $at.gitMinor=${minor%%.*}" \
		-o "$bin/kube-apiserver" k8s.io/kubernetes/cmd/kube-apiserver)
fi
ln -sf "$cache"/bin/{etcd,kubectl} "$bin/"
"$bin/kube-apiserver" --version

mapfile -t packages < <(grep -rlE --exclude-dir='.?*' --include='*_test.go' '^//go:build .*\benvtest\b' . | xargs -r -n1 dirname | sort -u)
KUBEBUILDER_ASSETS=$(realpath "$bin") go test -tags envtest -count=1 -timeout 15m "${packages[@]}"
