# The inner loop is `make check`, everything is `make test`, the long counts are `make soak`.

GO ?= go
LINT_VERSION := v2.15.0
LINT := $(CURDIR)/bin/golangci-lint
LINES := ./drivers/zvt ./drivers/transbank ./drivers/ecr17 ./drivers/concert ./drivers/hypercom
RACE_PACKAGES := $(shell $(GO) list ./... | grep -vE '/simulator/(scenario|screens|faults|crash|crash/kills)$$|/agent/ui$$|/drivers/(zvt|transbank|ecr17|concert|hypercom)$$')

export CGO_ENABLED ?= 1
export GORACE = atexit_sleep_ms=0

.PHONY: check test soak lint build cross bench setup

# Builds, vets and tests with the race detector what needs neither a whole shop nor a browser. Under three minutes warm.
check: setup
	$(GO) build ./...
	$(GO) vet ./...
	LOOP_PAYMENTS=60 $(GO) test -race -timeout 10m $(RACE_PACKAGES)
	$(GO) test -timeout 10m $(LINES)

# Everything: installs what the tests need, then runs them all.
test: setup
	./tools/suites

# The long counts: the whole crash suite (docs/reliability.md), MINUTES=2 a fuzz target and DAYS=20 by default.
soak:
	./tools/soak

setup:
	./tools/setup

bench:
	cd bench && $(GO) test -run '^$$' -bench . -benchtime 1x ./...
	$(GO) test -run '^$$' -bench . -benchtime 1x ./sync/platform

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/tillproof .

cross:
	./tools/cross

lint: $(LINT)
	$(LINT) run ./...

$(LINT):
	GOBIN=$(CURDIR)/bin CGO_ENABLED=0 $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
