# make demo   the nightly job over the sample world, in .demo
# make test   lint, types, import contracts, all tests
# make lock   the lock files anew from pyproject.toml (needs uv)

PYTHON ?= python3
BIN := .venv/bin
KITH := $(BIN)/kith --home .demo
PACKAGES := flows connectors warehouse
CODE := $(PACKAGES) tests $(wildcard benchmarks samples)
AS_OF := 2026-06-30

# What only the lock needs: the build back end, and the last cryptography with wheels for Macs with Intel.
define LOCKED_TOO
hatchling>=1.27
editables>=0.5
cryptography<49 ; sys_platform == "darwin" and platform_machine == "x86_64"
cryptography>=50 ; sys_platform != "darwin" or platform_machine != "x86_64"
endef
export LOCKED_TOO
UV_COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-annotate --no-header --no-config --no-emit-index-url --no-emit-find-links

.PHONY: demo test lint bench lock clean
.DELETE_ON_ERROR:

demo: .venv/.runs .demo/.ready
	$(KITH) sync --as-of $(AS_OF)
	$(KITH) quiet --as-of $(AS_OF)
	@echo "The whole report: $(CURDIR)/.demo/reports/index.html"

.demo/.ready: | .venv/.runs
	rm -rf .demo
	$(KITH) init --me robin@ferrow.example --me robin.ferrow@northlight.example --timezone Europe/Berlin
	$(KITH) source add ics samples/data/calendar
	$(KITH) source add vcard samples/data/contacts
	$(KITH) source add mbox samples/data/mail
	@touch $@

test: lint
	$(BIN)/pytest

lint: .venv/.tests
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.tests
	$(BIN)/python -m benchmarks.results

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Kithline needs Python 3.11 or newer: make PYTHON=/path/to/python3.12" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	@touch $@

# The lock is complete, so pip has nothing to resolve (--no-deps), which an old pip does badly with hashes.
# Bytecode is compiled afterwards, on all cores, ours too: commands start in half the time with it.
define INSTALL
$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r
endef
define COMPILE
@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m compileall -q -j 0 .venv/lib $(PACKAGES) > /dev/null || true
endef

.venv/.runs: requirements.lock pyproject.toml | .venv/.python
	$(INSTALL) requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(COMPILE)
	@touch $@

.venv/.tests: requirements-test.lock .venv/.runs
	$(INSTALL) requirements-test.lock
	$(COMPILE)
	@touch $@

lock:
	@printf '%s\n' '# All that Kithline runs on, for Python 3.11 to 3.13 on Linux and macOS, with the hashes of the' \
		'# published files. Made by `make lock`; the ranges and their reasons are in pyproject.toml.' \
		| tee requirements.lock > requirements-test.lock
	@echo "$$LOCKED_TOO" | $(UV_COMPILE) --extra test pyproject.toml - >> requirements-test.lock
	@echo "$$LOCKED_TOO" | $(UV_COMPILE) --constraints requirements-test.lock pyproject.toml - >> requirements.lock

clean:
	rm -rf .venv .demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find $(CODE) -name __pycache__ -type d -exec rm -rf {} +
