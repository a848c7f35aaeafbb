# Needs Go, and Node for the browser tests; the rest is installed when it is missing.
export GOFLAGS := -tags=nomsgpack

.PHONY: help demo test unit e2e race lint build clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: ## the whole product with a sample portal; ARGS="--port 9000 --fresh" for options
	@.ci/need demo
	go run ./cmd/idp demo $(ARGS)

test: unit e2e ## every test

unit: ## Go: unit tests, PostgreSQL, relying parties
	@.ci/need unit
	go vet ./...
	go test ./...

race: ## the same under the race detector
	@.ci/need unit
	go test -race -timeout 20m ./...

e2e: ## the journey in headless Chromium, in both languages
	@.ci/need e2e
	go build -o bin/idp ./cmd/idp
	$${PYTHON:-/usr/bin/python3} -m venv e2e/.venv && e2e/.venv/bin/pip install --quiet --disable-pip-version-check -r docs/examples/requirements.txt
	cd e2e && npm ci --silent && npm test

lint: ## gofmt and vet
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	go mod verify

build: ## a static binary in bin/
	CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o bin/idp ./cmd/idp

clean: ## what the above left
	rm -rf bin e2e/node_modules e2e/.venv e2e/screenshots docs/examples/spring/target
