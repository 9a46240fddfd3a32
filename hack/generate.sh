#!/usr/bin/env bash
# Writes everything that is generated: what follows from the table of fields, deep
# copies, the CustomResourceDefinition, RBAC, the chart's copies of the last two, and
# the table of the metrics.
#
#   hack/generate.sh           writes into the project
#   hack/generate.sh --verify  writes into a copy and fails where the project differs
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
controller_gen=$(hack/tool.sh controller-gen)

generate() { # target directory
	local target=$1
	go run ./hack/fields "$target"
	"$controller_gen" object:headerFile=hack/boilerplate.go.txt paths=./api/... \
		output:object:dir="$target/api/v1alpha1"
	"$controller_gen" crd paths=./api/... output:crd:dir="$target/config/crd/bases"
	cp "$target"/config/crd/bases/*.yaml "$target/charts/progress-sync/files/crds"
	# The names that kustomize puts its prefix before; the chart puts its release's.
	"$controller_gen" rbac:roleName=manager-role paths=./controllers/... paths=./cmd/operator/... \
		output:rbac:dir="$target/config/rbac"
	go run ./hack/chart "$target"
	go run ./hack/metrics "$target"
}

if [[ ${1:-} != --verify ]]; then
	generate .
	exit
fi

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir -p "$copy/api/v1alpha1" "$copy/config/crd/bases" "$copy/config/rbac" "$copy"/charts/progress-sync/{templates,files/crds}
generate "$copy"

stale=0
while IFS= read -r file; do
	if ! diff -u "$file" "$copy/$file" >&2; then
		stale=1
	fi
done < <(cd "$copy" && find . -type f | sort)
# A definition whose type is gone would otherwise stay for ever.
for file in config/crd/bases/*.yaml charts/progress-sync/files/crds/*.yaml; do
	if [[ ! -e $copy/$file ]]; then
		echo "$file is no longer generated: delete it" >&2
		stale=1
	fi
done
if ((stale)); then
	echo "generated files are not current: run 'make generate' and commit what it changes" >&2
	exit 1
fi
