# Two commands set up and show everything on a fresh machine with Go: make demo, make test.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO       ?= go
PACKAGES ?= ./...
TOOL     := $(GO) tool -modfile=tools/go.mod
LINT     := $(TOOL) golangci-lint
OUT      := out
export PATH := $(PATH):/usr/sbin:/sbin

# Only what is built to be run goes by cmd/ringback/default.pgo; for tests and tools all packages would be compiled twice.
export GOFLAGS ?= -pgo=off

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS  := -s -w -X main.version=$(VERSION)

# The race detector needs a C compiler; without one the tests run without it, and in CI that is an error.
RACE     ?= $(if $(shell command -v gcc || command -v cc),-race)

FUZZTIME  ?= 10m
DEMO      ?=
BENCH     ?= .

# QUICK=1 only sees that every benchmark works; its figures say nothing.
ifdef QUICK
BENCHTIME   := 1x
BENCHHEP    := --messages 50000 --rate 20000 --runs 1
BENCHREPLAY := --calls 2000 --runs 1
BENCHHINTS  := --hints 20 --rate 1000
BENCHCASES  := --cases 20000 --turns 1 --pages 100 --races 160
BENCHEVENTS := --clients 200 --for 2s
else
BENCHTIME   ?= 1s
endif

.PHONY: help
help: ## list what make can do
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make demo DEMO='--for 30s'   make test PACKAGES=./cases   make fuzz FUZZTIME=1m   make bench BENCH=Scan"

.PHONY: demo
demo: ## watch a simulated contact centre; needs nothing installed, leaves nothing behind
	@$(GO) run ./cmd/ringback demo $(DEMO)

.PHONY: build
build: ## build bin/ringback, one static binary
	CGO_ENABLED=0 $(GO) build -pgo=auto -trimpath -tags timetzdata -ldflags '$(LDFLAGS)' -o bin/ringback ./cmd/ringback

.PHONY: test
test: programs ## vet, then all tests: unit, race, end to end with a real Kamailio, sipp and baresip
	$(GO) vet $(PACKAGES)
	@mkdir -p $(OUT)
	$(TOOL) gotestsum --format pkgname --format-hide-empty-pkg --jsonfile $(OUT)/test.json -- $(RACE) -timeout 30m $(PACKAGES)
	@tools/noskip.sh $(OUT)/test.json

.PHONY: programs
programs: # the PBX, phones and tools that the end-to-end tests talk to
	@tools/programs.sh

.PHONY: check format lint modern modules rules scripts types unit
check: format lint modern modules rules scripts types unit ## lint, formatting, modules, alert rules, systemd unit; make -k check shows all
format:
	$(LINT) fmt --diff
lint:
	$(LINT) config verify
	$(LINT) run
modern:
	@echo '$(GO) fix -diff ./...'; diff=$$($(GO) fix -diff ./... 2>&1 || true); \
	  if [ -n "$$diff" ]; then printf '%s\n' "$$diff" "make fmt mends this"; exit 1; fi
modules:
	$(GO) mod verify
	$(GO) mod tidy -diff
	$(GO) -C tools mod tidy -diff
rules:
	@tools/rules.sh
scripts:
	@tools/shell.sh
types:
	@tools/types.sh
unit:
	@tools/unit.sh

.PHONY: fmt
fmt: ## format and modernise the code in place
	$(GO) fix ./...
	$(LINT) fmt

.PHONY: bench
bench: build ## run the benchmarks; docs/performance.md says what they mean
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem -timeout 2h $(PACKAGES)
	bin/ringback bench hep $(BENCHHEP)
	bin/ringback bench replay $(BENCHREPLAY)
	bin/ringback bench hints $(BENCHHINTS)
	bin/ringback bench cases $(BENCHCASES)
	bin/ringback bench events $(BENCHEVENTS)

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME each
	@tools/fuzz.sh $(FUZZTIME) $(PACKAGES)

.PHONY: screenshots
screenshots: programs ## take the pictures of the app in docs/screenshots
	@rm -rf docs/screenshots && mkdir -p docs/screenshots
	$(GO) test ./web/app -run TestEveryPage -count=1 -timeout 30m -screenshots $(CURDIR)/docs/screenshots
	@! command -v pngquant >/dev/null || pngquant --force --ext .png --strip docs/screenshots/*.png # a third of the bytes

.PHONY: clean
clean: ## remove what make built
	rm -rf bin $(OUT)
