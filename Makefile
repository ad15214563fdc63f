# Gribouille's two commands, for a clean clone on a Debian-like system with Python 3.11+ and Node 20.19+:
#
#   make draw     draw and see what the computer guesses, at http://127.0.0.1:8017/   (PORT=… for another port)
#   make test     run every check and test; CI runs the same
#
# Both make what they need (.venv/, web/node_modules/, the built page) and only what is missing or older than its
# sources, so running them again is fast. Also: make page, make check (the tests without installing Chromium),
# make format, make clean.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := draw
.PHONY: draw test check lint web-check page chromium format clean

PORT ?= 8017
VENV := .venv
export NPM_CONFIG_UPDATE_NOTIFIER := false
BIN := $(VENV)/bin
PAGE := src/gribouille/server/static/index.html
# Folders too: theirs is the date that changes when a file is deleted. Tests change nothing that is served.
PAGE_SOURCES := $(shell find web -maxdepth 1 -type f; find web/src web/slim web/skeleton web/public src/gribouille/models/*.onnx -not -name '*.test.ts' 2>/dev/null)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
say := @printf '\033[1m%s\033[0m\n'

# ---------------------------------------------------------------- the two commands

draw: $(VENV)/.shop $(PAGE)
	@$(BIN)/python -c 'import socket; socket.create_server(("127.0.0.1", $(PORT))).close()' 2> /dev/null || \
	  { echo "Port $(PORT) is taken on this machine; try another one: make draw PORT=$$(($(PORT) + 1))"; exit 1; }
	@$(BIN)/gribouille draw --port $(PORT) || [ $$? = 130 ]  # Ctrl+C is how it is meant to end

test: chromium check

# What is here needs no root and no browser; pytest comes last, so that its count is the last line. Two processes
# share the tests, as CI has two cores; each keeps a file's tests together as far as it can, whose fixtures are dear.
check: lint web-check
	$(say) "Testing: everything but the browser"
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not browser"
	@if command -v chromium chromium-browser google-chrome > /dev/null; then \
	  printf '\033[1m%s\033[0m\n' "Testing: the page in Chromium"; $(BIN)/python -m pytest -m browser tests/browser; \
	fi

# ---------------------------------------------------------------- the parts

lint: $(VENV)/.dev
	$(say) "Checking: style (ruff) and types (mypy)"
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

web-check: $(PAGE)
	$(say) "Checking: the page's types, and its unit tests"
	@cd web && npm run --silent check
	@cd web && npm test --silent

page: $(PAGE)

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

clean:
	rm -rf $(VENV) web/node_modules web/build src/gribouille/server/static

$(VENV)/pyvenv.cfg:
	$(say) "Creating the Python environment $(VENV)/"
	@python=""; for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Python 3.11 or newer is needed, and $$(python3 --version 2> /dev/null || echo no python3) was found."; \
	  echo "On Debian 12 or Ubuntu 24.04 and newer: sudo apt install python3 python3-venv. Elsewhere: python.org."; \
	  echo "If it is there under another name: make draw PYTHON=/path/to/python"; exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2> /dev/null; then \
	  name=$$("$$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
	  echo "$$python cannot make environments: sudo apt install $$name (Debian and Ubuntu ship that part apart)."; exit 1; \
	fi; \
	"$$python" -m venv $(VENV)

$(VENV)/.shop: pyproject.toml $(VENV)/pyvenv.cfg
	$(say) "Installing Gribouille with what drawing and guessing need (no torch)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/pyvenv.cfg
	$(say) "Installing what learning and testing need (torch among it: minutes and gigabytes, the first time)"
	@$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.shop

web/node_modules/.installed: web/package.json web/package-lock.json
	@if ! command -v node > /dev/null || ! command -v npm > /dev/null || \
	  ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'; then \
	  echo "Node 20.19 or newer with npm is needed to build the page, and $$(node --version 2> /dev/null || echo none) was found."; \
	  echo "On Debian 13 and newer: sudo apt install nodejs npm. Elsewhere: nodejs.org."; exit 1; \
	fi
	$(say) "Installing what building the page needs"
	@cd web && npm ci --no-audit --no-fund --loglevel=error > /dev/null
	@touch $@

$(PAGE): $(PAGE_SOURCES) web/node_modules/.installed
	$(say) "Building the page"
	@cd web && npm run --silent build -- --logLevel error
	@touch $@

chromium:
	@if command -v chromium chromium-browser google-chrome > /dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then root=""; elif sudo -n true 2> /dev/null; then root=sudo; else root=none; fi; \
	if [ "$$root" != none ] && command -v apt-get > /dev/null; then \
	  printf '\033[1m%s\033[0m\n' "Installing Chromium, for the browser tests (Debian's package)"; \
	  { $$root apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive $$root apt-get install -qq -y --no-install-recommends chromium > /dev/null; } || true; \
	fi; \
	if ! command -v chromium chromium-browser google-chrome > /dev/null; then \
	  echo "##################################################################################################"; \
	  echo "#  NO CHROMIUM, and it cannot be installed from here: EVERY TEST IN tests/browser/ IS LEFT OUT.  #"; \
	  echo "#  To run them, install it first: sudo apt install chromium                                      #"; \
	  echo "##################################################################################################"; \
	fi
