# make run    set everything up and serve the page, with the sample corpus, on PORT (8000)
# make test   set everything up and run every test
# make setup  the set-up alone: environment, models, sample corpus
# make screenshots  pictures of every page, to docs/screenshots
# make check  ruff, mypy, import-linter
# make faults  kill -9 at 200 points of an ingest, and every other fault
# make bench-ingest  ingestion beside the usual LangChain pipeline
# make bench-search  search at 100,000 and 1,000,000 chunks, or at those of SIZES
#
# LLM=none leaves the built-in language model (1.1 GB) out; CORPUS=path serves your documents instead.

PYTHON ?= python3
PORT ?= 8000
LLM ?= built-in
CORPUS ?= corpus
SIZES ?= 100000 1000000

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check install --quiet --constraint requirements.lock

.PHONY: bench-ingest bench-search faults run setup models test check browser screenshots clean lock corpus-pdf

run: models
	@$(BIN)/cita serve --port $(PORT) --ingest $(CORPUS)

setup: models
	@$(BIN)/cita ingest corpus

models: $(VENV)/.installed
	@$(BIN)/cita prepare --llm $(LLM)

test: models $(VENV)/.tests-installed browser
	@$(BIN)/python -m pytest

check: $(VENV)/.tests-installed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Cita needs Python 3.11 or newer; name one with make PYTHON=python3.x")'
	@echo "Installing the packages (some minutes the first time)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --editable .
	@touch $@

$(VENV)/.tests-installed: $(VENV)/.installed
	@$(PIP) --editable '.[dev]'
	@touch $@

bench-ingest: models
	@$(PIP) --editable '.[bench]'
	@$(BIN)/python -m benchmarks.ingest

bench-search: models
	@$(PIP) --editable '.[bench]'
	@$(BIN)/python -m benchmarks.search --sizes $(SIZES)

# The browser tests need Chromium; where it may not be installed they say that they were skipped.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing Chromium for the browser tests"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	  else echo "No Chromium here, and no right to install it: the browser tests will be skipped"; fi; } || true

faults: models $(VENV)/.tests-installed
	@FAULT_POINTS=200 $(BIN)/python -m pytest tests/faults -s

screenshots: models $(VENV)/.tests-installed browser
	@$(BIN)/python -m tests.browser.screenshots

clean:
	rm -rf $(VENV) build *.egg-info

# Resolve pyproject.toml anew and pin what came of it.
lock:
	@rm -rf build/lock && $(PYTHON) -m venv build/lock
	@build/lock/bin/pip --disable-pip-version-check install --quiet torch==2.13.0
	@build/lock/bin/pip --disable-pip-version-check install --quiet --editable '.[dev,bench]'
	@{ echo "# Every package at the version that is tested; written by \`make lock\`."; \
	   build/lock/bin/pip --disable-pip-version-check freeze --exclude-editable | sed 's/+cpu$$//'; } > requirements.lock

corpus-pdf:
	@for page in corpus/.sources/*.html; do \
	  chromium --headless --no-sandbox --disable-gpu --no-pdf-header-footer --generate-pdf-document-outline \
	    --print-to-pdf="corpus/$$(basename $$page .html).pdf" "file://$(CURDIR)/$$page" 2>/dev/null; done
