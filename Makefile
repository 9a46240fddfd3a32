# `make` or `make help` says what there is. Tools are pinned under hack/tools and
# built once into .cache/bin; nothing has to be installed but Go, git, make and
# gcc, and on Debian as root the rest is installed when it is needed.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VERSION := $(shell cat hack/VERSION)

# Says what is being done and, at the end, how long it took.
define timed
	@start=$$SECONDS; echo "$(1)"; $(2); echo "$(1): done in $$((SECONDS - start)) s"
endef

##@ See it work

.PHONY: demo
demo: ## Start a real cluster with Postgres, the operator and a busy sample LMS, and check every row
	@go run ./hack/packages cluster film
	@go run ./test/demo

.PHONY: demo-down
demo-down: ## Stop what `make demo` started and remove it
	@go run ./test/demo down

.PHONY: try
try: ## Start the sidecar alone with a throwaway Postgres, to write to with curl or with a browser through a sample LMS; BELIEVE=1 needs no user header
	@go run ./hack/packages postgres film
	@go run ./test/try $(if $(BELIEVE),-believe)

##@ Test

.PHONY: test
test: ## Run everything: unit, property, Postgres, browser, chart, API server, and e2e on a real cluster
	@hack/test.sh

.PHONY: test-fast
test-fast: ## Run what needs no cluster: unit, property and Postgres
	@go run ./hack/packages postgres bouncer disks
	@go test ./...

.PHONY: fault
fault: ## Break everything around sidecars and between them, and compare every row; DURATION=30m SEED=n ONLY=pattern WITHOUT=pattern
	@go run ./hack/packages postgres bouncer
	@go run ./test/fault -duration $(or $(DURATION),75s) -seed $(or $(SEED),0) -only '$(ONLY)' -without '$(or $(WITHOUT),^$$)'

.PHONY: client
client: ## Install, build, test and measure the browser package; with Node.js 20 or later
	$(call timed,checking the browser package,hack/client.sh)

.PHONY: proxies
proxies: ## Run the proxies of docs/integrations, in five languages, in front of a real sidecar
	@hack/proxies.sh

.PHONY: browser
browser: ## Use the sample LMS in a real browser and compare every row; ONLY=pattern; PICTURES=1 or SHEET=1 makes those in docs/images
	@hack/browser.sh "$(ONLY)"

.PHONY: oldest
oldest: ## Run the tests of what an API server decides against the oldest Kubernetes that is supported
	@hack/oldest.sh

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (10s)
	@hack/fuzz.sh

.PHONY: bench
bench: ## Measure the sidecar against what teams run instead, into docs/benchmarks.md; BENCH=acknowledge,… OUT=docs ROUNDS=n AGAINST=path CONNECT=path
	@go run ./hack/packages postgres
	@mkdir -p "$${PROGRESS_SYNC_CACHE:-.cache}/bench"
	@CGO_ENABLED=0 go build -trimpath -tags grpcnotrace -ldflags "-s -w" -o "$${PROGRESS_SYNC_CACHE:-.cache}/bench/sidecar" ./cmd/sidecar
	@go run ./test/bench -sidecar "$${PROGRESS_SYNC_CACHE:-.cache}/bench/sidecar" -rounds "$(or $(ROUNDS),5)" -only "$(BENCH)" -against "$(AGAINST)" -connect "$(CONNECT)" $(if $(BENCH)$(AGAINST),-out "$(OUT)")

.PHONY: bench-fleet
bench-fleet: ## Measure the operator with 200 policies and 5000 sidecars, into docs/benchmarks.md; FLEET="-policies 20 -sidecars 500"
	@go run ./test/cluster/cmd/cluster build
	@mkdir -p "$${PROGRESS_SYNC_CACHE:-.cache}/bench"
	@CGO_ENABLED=0 go build -trimpath -tags grpcnotrace -ldflags "-s -w" -o "$${PROGRESS_SYNC_CACHE:-.cache}/bench/operator" ./cmd/operator
	@go run ./test/fleet -operator "$${PROGRESS_SYNC_CACHE:-.cache}/bench/operator" $(FLEET)

.PHONY: bench-go
bench-go: ## Run the Go benchmarks of the hot steps; BENCH=regexp COUNT=n
	@go run ./hack/packages postgres
	@hack/bench.sh

##@ Check and generate

.PHONY: generate
generate: ## Write deep copies, CRD, RBAC and the chart's copies of them
	$(call timed,generating,hack/generate.sh)

.PHONY: verify-generated
verify-generated: ## Fail where a generated file is not current
	$(call timed,checking generated files,hack/generate.sh --verify)

.PHONY: lint
lint: ## Run golangci-lint on all code, that behind build tags too
	$(call timed,linting,"$$(hack/tool.sh golangci-lint)" run)

.PHONY: fmt
fmt: ## Format all Go files
	@hack/fmt.sh

.PHONY: verify-fmt
verify-fmt: ## Fail where a Go file is not formatted
	@hack/fmt.sh --check

##@ Build

.PHONY: tools
tools: ## Build the test cluster's programs and the pinned tools into .cache/bin; the other targets do it when needed
	@go run ./test/cluster/cmd/cluster build
	@hack/tool.sh controller-gen >/dev/null
	@hack/tool.sh golangci-lint >/dev/null

.PHONY: build
build: ## Build the static binaries for amd64 and arm64 into dist/
	$(call timed,building $(VERSION),hack/build.sh)

.PHONY: images
images: ## Make the images' tarballs without Docker into .cache/images, and say their sizes
	@go run ./test/cluster/cmd/cluster images

.PHONY: push
push: ## Make the images for amd64 and arm64 without Docker and push them; REGISTRY=registry.example.com/lms
	@go run ./test/cluster/cmd/cluster push "$(REGISTRY)"

.PHONY: clean
clean: ## Remove what was built for release
	@rm -rf dist

.PHONY: clean-cache
clean-cache: demo-down clean ## Remove the test cluster's programs, the tools and all else that is cached
	@rm -rf "$${PROGRESS_SYNC_CACHE:-.cache}"

.PHONY: help
help: ## Say what there is
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
