PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
CLIPS ?=
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test check docs clean

demo: $(VENV)/.installed
	$(BIN)/vedette demo

test: $(VENV)/.tested check
	$(BIN)/pytest $(if $(CLIPS),--clips=$(CLIPS))

check: $(VENV)/.tested docs
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.documented
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs site
	@echo "the site: site/index.html"

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade "pip>=25.1"
	$(PIP) install --quiet --editable .
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(PIP) install --quiet --editable '.[serve,ray]' --group test
	touch $@

$(VENV)/.documented: $(VENV)/.installed
	$(PIP) install --quiet --group docs
	touch $@

clean:
	rm -rf $(VENV) amber site dist
