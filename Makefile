# Needs Go, and Node for the browser tests; the rest is installed when it is missing.
export GOFLAGS := -tags=nomsgpack

.PHONY: help demo test unit e2e race lint build release deploy faults bench docs clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: ## the whole product with a sample portal; ARGS="--port 9000 --fresh" for options
	@.ci/need demo
	go run ./cmd/idp demo $(ARGS)

test: unit e2e ## every test; RACE=1 with the race detector

# What measures time and memory runs without the race detector, which would measure itself; and so does what imports thousands of rows
# dozens of times: smaller tests run the same code with it.
alone := ^Test(Timing|Scale|Thousands)

unit: ## Go: unit tests, PostgreSQL, relying parties; RACE=1 with the race detector
	@.ci/need unit
	go vet ./...
	go test $(if $(RACE),-race -skip '$(alone)') -timeout 20m ./...
	$(if $(RACE),go test -run '$(alone)' $$(grep -rlE 'func Test(Timing|Scale|Thousands)' --include='*_test.go' . | xargs -n1 dirname | sort -u))

race: ## the Go tests under the race detector
	@$(MAKE) unit RACE=1

e2e: ## the journey in headless Chromium, in both languages
	@.ci/need e2e
	go build -o bin/idp ./cmd/idp
	$${PYTHON:-/usr/bin/python3} -m venv e2e/.venv && e2e/.venv/bin/pip install --quiet --disable-pip-version-check -r e2e/requirements.txt
	cd e2e && npm ci --silent && npm test

lint: ## gofmt, vet, staticcheck, errcheck, known vulnerabilities
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	go mod verify
	@.ci/lint

deploy: ## the files in deploy/, by the programs that they are for
	@deploy/check.sh

release: ## VERSION=1.2.3: binaries, checksums, bill of materials and licences in dist/
	@deploy/release.sh $(VERSION)

faults: ## the service under real faults, 22 minutes; SHORT=1 three, SCENE=name one of them
	@.ci/need unit
	go run ./faults $(if $(SHORT),--short) $(if $(SCENE),--scene $(SCENE)) $(ARGS)

bench: ## rates beside the floor's, six minutes; SHORT=1 one minute, ROWS=name some rows, PROFILE=dir profiles of each
	@.ci/need unit
	go run ./bench $(if $(SHORT),--short) $(if $(ROWS),--rows $(ROWS)) $(if $(PROFILE),--profile $(PROFILE))

docs: ## the documentation site in dist/docs; VERSION=1.2.3, or main
	go run ./docs/site --out dist/docs --version $(or $(VERSION),main)

build: ## a static binary in bin/
	CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o bin/idp ./cmd/idp

clean: ## what the above left
	rm -rf bin dist e2e/node_modules e2e/.venv e2e/screenshots docs/examples/spring/target
