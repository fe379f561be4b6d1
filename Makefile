# Everything here works on a fresh Debian machine with Go, and needs nothing else beforehand.
# `make help` lists the targets.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
export CGO_ENABLED ?= 0

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
CACHE   := $(CURDIR)/.cache
TOOLS   := $(CACHE)/bin
LINT    := v2.15.0
VULN    := v1.9.0
HELM    := v3.22.0

.PHONY: help build demo test test-go test-tools test-servers test-race test-sdk test-eval lint lint-deploy docs image vuln bench test-layout test-corpus clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

build: ## build bin/sluice, one static program, and bin/sluice-models, which runs installed models for it
	@mkdir -p bin
	go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/sluice ./cmd/sluice
	go build -trimpath -ldflags "-s -w" -o bin/sluice-models ./cmd/sluice-models

demo: build ## start a server, run a job on the sample documents, print the elements
	@go run ./test/demo

test: test-go test-race test-sdk ## all tests

test-go: test-tools ## unit, conformance, contract, connector and whole-program tests
	go test -timeout 40m ./...

test-tools: ## what the tests need beside Go: Java and Maven (Kafka, OpenSearch), Python (PostgreSQL), Node.js (Azurite), Redis, Tesseract
	@scripts/test-tools

test-servers: test-tools ## vector stores on real servers: builds Weaviate (ten minutes, once), fetches Chroma, Milvus Lite, RedisJSON, runs their tests
	nice -n 10 go run ./internal/testserver/install
	go test -timeout 60m ./connector/weaviate ./connector/chroma ./connector/milvus ./connector/redis

test-race: ## the concurrent packages under the race detector (needs a C compiler; says so when there is none)
	@scripts/race

test-sdk: build ## the official Python SDK, two releases, against a running server
	@scripts/sdk-test

test-eval: build ## agreement with the reference, where the evaluation data stands (SLUICE_EVAL=DIR)
	@scripts/eval

test-layout: ## how well PDF pages are read: printed documents whose structure is known, a table of scores (ARGS='-class paper')
	@scripts/layout-tools
	go run ./test/layout $(ARGS)

test-corpus: ## every PDF below CORPUS=DIR ends in a classified outcome (test/corpus says which collections)
	go run ./test/corpus $(ARGS) $(or $(CORPUS),.cache/corpus)

lint: $(TOOLS)/golangci-lint-$(LINT) ## gofmt, go vet, golangci-lint
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these files"; exit 1; }
	go vet ./...
	$(TOOLS)/golangci-lint-$(LINT) run ./...

lint-deploy: $(TOOLS)/helm-$(HELM) ## the Helm chart, the systemd unit and the container file
	@scripts/lint-deploy $(TOOLS)/helm-$(HELM)

docs: ## write docs/connectors anew from what the connectors say of themselves
	go test ./internal/connectordocs -update

image: ## build the container image sluice:VERSION with podman, buildah or docker
	@scripts/image $(VERSION)

vuln: ## govulncheck, where its database can be reached
	@scripts/vuln $(VULN)

bench: ## the benchmarks behind docs/benchmarks.md
	@scripts/bench

clean: ## remove what was built here
	rm -rf bin .cache

$(TOOLS)/golangci-lint-$(LINT):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT)
	mv $(TOOLS)/golangci-lint $@

$(TOOLS)/helm-$(HELM):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) go install helm.sh/helm/v3/cmd/helm@$(HELM)
	mv $(TOOLS)/helm $@
