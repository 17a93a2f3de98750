# Two commands matter: make run, make test. They fetch Go modules and nothing else.
GO ?= go
OUT ?= out/sample

.PHONY: help run up test soak bounded bench lint oracle

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-7s %s\n", $$1, $$2}'

run: ## rate the sample records on the sample deck, and bill them
	@$(GO) run ./emulator try --deck emulator/sample/deck.csv --cdrs emulator/sample/cdrs.csv \
		--markup 25% --bundle 10 --currency GBP --out $(OUT)

up: ## run an installation on this machine, with the sample in it, until Ctrl-C
	@$(GO) run ./emulator up --sample --begin 2026-11-30 --data out/cloud

test: ## run every test
	$(GO) test ./...

soak: ## simulate SEEDS=N worlds with crashes and lost answers (default 10000)
	SEEDS=$(or $(SEEDS),10000) $(GO) test ./tests/simulation -run 'TestSeeds$$' -count=1 -timeout 0 -v

oracle: ## compare N random charges (default 1000000) on random cards, from SEED on, with those of the slow exact version
	N=$(or $(N),1000000) SEED=$(or $(SEED),0) $(GO) test ./tests/twin/product -run 'TestChargesAreTheTwins$$' -count=1 -timeout 0 -v

bounded: ## rate and bill a million records, import decks of a million rows, and show the memory it took
	ROWS=$(or $(ROWS),1000000) $(GO) test ./tests/bounded -count=1 -v

bench: ## measure beside other programs: ROWS=5000000 PREFIXES=100000,1000000 N=3 ONLY=id
	@$(GO) run ./tests/bench $(if $(ROWS),-rows $(ROWS)) $(if $(PREFIXES),-prefixes $(PREFIXES)) $(if $(N),-n $(N)) $(if $(ONLY),-only $(ONLY))

lint: ## check format, vet and staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "gofmt -w these files"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
