# make demo   a whole hall on this machine, without hardware or internet
# make test   everything that must hold; also the gate before landing
# make deb    the Debian package for boxes of this machine's kind
# Each makes the virtual environment it needs, and installs Debian's packages it needs when it may.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests mostly wait for wires and browsers, so a few more run at once than there are cores.
TESTERS ?= 5

# Its simulated pins are gpiozero's own mock. For the demo: a Chinese font for the picture of the paper, and the voice; it
# runs without these two.
DEMO_PACKAGES := python3-venv fonts-noto-cjk espeak-ng alsa-utils
# For the extra pcsc: the service with its virtual reader, and what builds pyscard.
PCSC_PACKAGES := pcscd vsmartcard-vpcd libpcsclite-dev swig pkg-config gcc python3-dev
# The tests start a PostgreSQL, a mosquitto and a PC/SC service of their own; those that Debian starts are left alone.
TEST_PACKAGES := $(DEMO_PACKAGES) $(PCSC_PACKAGES) age chromium postgresql mosquitto mosquitto-clients systemd man-db \
  xvfb xdotool
# The Debian package: its index, and what builds pyscard. Its tests take a plain Debian of their own.
DEB_PACKAGES := python3-venv dpkg-dev $(filter-out pcscd vsmartcard-vpcd,$(PCSC_PACKAGES))
BENCH_PACKAGES := $(DEB_PACKAGES) debootstrap
# The same browser without its windows costs the tests half the time; where it cannot be had, they take Chromium itself.
LIGHT_PACKAGES := chromium-headless-shell
# The pages' modules are checked by node's tools; Debian's node will do, as any newer one that is there already.
NODE_PACKAGES := $(shell command -v node >/dev/null && command -v npm >/dev/null || echo nodejs npm)
PAGES := kiosk/web/static
EXTENSION := kiosk/web/extension
GUARD := kiosk/browser/guard.js
JS := tests/kiosk/web/static

# What boxes run, and what the tests need beside it; each file's hash is pinned, so a mirror can slip in nothing else.
BOX_EXTRAS := climate forms mqtt pi postgres usb
INSTALL := $(BIN)/pip install -q --no-deps
# It keeps what it made of the tests' files, also where Python is told to keep nothing.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest
LOCK := --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

.PHONY: demo test pytest js lint rewritten cover bench lock sbom deb deb-offline clean demo-packages test-packages

demo: $(VENV)/.demo
	$(BIN)/quhao demo

# All side by side: the pages' modules are checked while pip still installs, and types while the tests run already. What
# they find is told at once; nothing of it ends the others. Debian's packages come before: one apt at a time.
test: test-packages
	$(MAKE) --no-print-directory -j --output-sync=target js lint pytest

# The "+" has make show each line as it comes.
pytest: rewritten
	+$(PYTEST) -n $(TESTERS) --dist worksteal

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# pytest rewrites the assertions of each test file: once here, not in each tester. What is wrong is told by the tests' run.
rewritten: $(VENV)/.dev
	-@$(PYTEST) --collect-only -q >/dev/null

# The pages' modules: their types (JSDoc), their style and who imports whom, and their own tests. There is no build step.
js: $(JS)/node_modules/.done
	$(JS)/node_modules/.bin/tsc -p $(JS)
	$(JS)/node_modules/.bin/eslint -c $(JS)/eslint.config.js $(PAGES) $(EXTENSION) $(GUARD) $(JS)
	node --test --test-reporter=dot $(JS)/*.test.js

$(JS)/node_modules/.done: $(JS)/package.json $(JS)/package-lock.json | test-packages
	cd $(JS) && npm ci --no-audit --no-fund --loglevel=error
	touch $@

# The same tests, counting what they cover: it takes twice as long.
cover: $(VENV)/.dev
	$(PYTEST) -n $(TESTERS) --dist worksteal --cov --cov-report=term

# make bench BESIDE=DIR takes turns with another checkout, which has a .venv of its own.
bench: $(VENV)/.dev
	$(call install,$(BENCH_PACKAGES),false)
	$(BIN)/python -m pytest tests/bench --whole $(if $(BESIDE),--beside=$(BESIDE))

$(VENV)/bin/python: | demo-packages
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml requirements.txt | $(VENV)/bin/python demo-packages
	$(INSTALL) --require-hashes -r requirements.txt
	$(INSTALL) --no-build-isolation -e .
	$(compile)
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python test-packages
	$(call install,$(LIGHT_PACKAGES),true)
	# What is imported, "rewritten" compiles: to compile all took pip a quarter of its time.
	$(INSTALL) --no-compile --require-hashes -r constraints.txt
	$(INSTALL) --no-build-isolation -e .
	$(compile)
	touch $(VENV)/.demo $@

# After a change of pyproject.toml: pins what is new. For newer versions of all, remove both files first.
lock:
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install -q 'pip-tools>=7.4'
	build/lock/bin/pip-compile $(LOCK) --all-extras -o constraints.txt pyproject.toml
	build/lock/bin/pip-compile $(LOCK) $(BOX_EXTRAS:%=--extra %) -c constraints.txt -o requirements.txt pyproject.toml
	sed -i -e '/^#/d' -e '/^$$/d' constraints.txt requirements.txt

# The software bill of materials (CycloneDX) of what a box runs: build/quhao.cdx.json.
sbom:
	$(PYTHON) -m venv build/sbom build/sbom-tool
	build/sbom/bin/pip install -q --no-deps --require-hashes -r requirements.txt
	build/sbom/bin/pip install -q --no-deps --no-build-isolation .
	build/sbom/bin/pip uninstall -q -y pip
	build/sbom-tool/bin/pip install -q 'cyclonedx-bom>=7,<8'
	build/sbom-tool/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
	  -o build/quhao.cdx.json build/sbom/bin/python

# build/deb/quhao_VERSION_ARCH.deb, and an index that makes build/deb a source for apt. make deb VERSION=1.2.3: as this version.
deb:
	$(call install,$(DEB_PACKAGES),/usr/bin/python3 -c "import ensurepip" && command -v dpkg-scanpackages >/dev/null)
	config/debian/build build/deb $(VERSION)

# The same, and beside it every package of Debian's that a box needs for it which has nothing but the base system.
deb-offline: deb
	config/debian/offline build/deb

# pip compiles what it copies, not what it links to: without this each start would, where Python may not keep the result.
compile = $(BIN)/python -m compileall -q config display drivers kiosk ticketing

# $(call install,packages,command): those that are missing, as root or by password-less sudo; else say what to type, and
# go on if the command succeeds.
define install
	@missing=""; for p in $(1); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then as=""; elif sudo -n true 2>/dev/null; then as="sudo"; else \
	  echo "These Debian packages are missing; please run: sudo apt-get install$$missing"; $(2); exit; fi; \
	echo "Installing Debian packages:$$missing"; \
	$$as apt-get update -q >/dev/null; \
	DEBIAN_FRONTEND=noninteractive $$as apt-get install -q -y --no-install-recommends $$missing >/dev/null || $(2)
endef

# Debian's python3 makes virtual environments with python3-venv alone; other Pythons by themselves.
has_venv = [ -x $(BIN)/python ] || $(PYTHON) -c "import ensurepip" 2>/dev/null

demo-packages:
	$(call install,$(DEMO_PACKAGES),$(has_venv))

test-packages:
	$(call install,$(TEST_PACKAGES) $(NODE_PACKAGES),false)

clean:
	rm -rf $(VENV) $(JS)/node_modules build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage
