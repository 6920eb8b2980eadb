# Two commands do all the set-up on a fresh machine with Go, make, gcc and npm:
#   make demo   runs the main job on simulated data and leaves the daemon serving
#   make test   runs every test
SHELL := /bin/bash
ENGINE := store/embedded/engine
LIBRARY := $(ENGINE)/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so
LINT_VERSION := v2.15.0
TOOLS := $(CURDIR)/bin/tools
DEMO ?= .demo

export CHDB_LIB_PATH ?= $(CURDIR)/$(LIBRARY)

.PHONY: rules-check engine build demo screenshots test test-race bench scorecard lint generate fresh clean

build: ## the program, bin/fairdial
	CGO_ENABLED=0 go build -o bin/fairdial ./cmd/fairdial

engine: $(LIBRARY) ## the embedded ClickHouse library, pinned by a lock file

$(LIBRARY): $(ENGINE)/package.json $(ENGINE)/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer, then run make engine again"; exit 1; }
	cd $(ENGINE) && npm ci --no-audit --no-fund --loglevel=error
	@touch $(LIBRARY)

demo: engine build ## simulate, ingest, rate, detect, alert, and serve: the console opens without a password, on this machine alone
	bin/fairdial demo --dir $(DEMO)

screenshots: engine ## the console's main pages, light and dark, desktop and phone, into docs/screenshots
	FAIRDIAL_SCREENSHOTS=$(CURDIR)/docs/screenshots go test ./cmd/fairdial -run '^TestTheConsoleInABrowser$$' -count=1 -v

test: engine ## every test, with the race detector where it can run
	./.ci/test

bench: engine ## figures, as ratios in one run
	go test -run '^$$' -bench . -benchtime 1x -timeout 60m ./...

scorecard: engine build ## detection measured on worlds it was not tuned on; writes docs/scorecard.md
	./.ci/scorecard

lint: $(TOOLS)/golangci-lint ## style, and the import rules that keep the layers apart
	$(TOOLS)/golangci-lint run --allow-parallel-runners ./...

$(TOOLS)/golangci-lint:
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

rules-check: ## the alert rules and the dashboard, by Prometheus's own parser
	cd deploy/check && go test -count=1 ./...

generate: ## files made from others
	go generate ./...

fresh: generate ## fails when a generated file is not current
	git diff --exit-code

clean:
	rm -rf bin $(DEMO)
