# make demo   set up everything and run the main job on the demo collection
# make test   set up everything and pass the tests
# make screens  draw every screen in both themes into build/screens, and the animation of the README
# make fuzz   fuzz what strangers' files go through, 10 minutes a target (FUZZ_SECONDS=600)
# make mutants  change the core's arithmetic in small ways and look which change no test notices
# make setup  only the environment; does nothing when it is current
# make constraints  try the newest versions of all packages and note them in constraints.txt

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
DEMO := build/demo
DEMO_QUERY := storage tanks beside a river

# Programs of the tests on a real display, and the Debian package that brings each.
DISPLAY_PROGRAMS := Xvfb:xvfb openbox:openbox xdotool:xdotool

# Without a display the same window is rendered offscreen and closes by itself.
HEADLESS := $(if $(filter Linux,$(shell uname -s)),$(if $(DISPLAY)$(WAYLAND_DISPLAY),,--quit),)

.PHONY: demo test tests screens fuzz mutants lint setup system-packages constraints clean

demo: setup
	@mkdir -p $(DEMO)
	@$(BIN)/faami-explorer --demo --query "$(DEMO_QUERY)" --export $(DEMO)/results.csv \
		--screenshot $(DEMO)/screenshot.png --overlay $(DEMO)/overlay.png --force $(HEADLESS)
	@echo "Written: $(DEMO)/screenshot.png, $(DEMO)/overlay.png, $(DEMO)/results.csv"

# A test process a core. Coverage costs nearly as much as the tests themselves: it is measured where the core is tested.
TEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

test: setup
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=line lint tests

tests: setup
	@$(TEST) tests/core --cov --cov-report=term --cov-fail-under=85
	@$(TEST) --ignore tests/core

SCREENS_DATA ?= $(CURDIR)/build/screens-data

screens: setup
	@FAAMI_DATA_DIR=$(SCREENS_DATA) QT_QPA_PLATFORM=offscreen \
		$(BIN)/python -m tests.e2e.screens build/screens 1.5 2
	@FAAMI_DATA_DIR=$(SCREENS_DATA) QT_QPA_PLATFORM=offscreen \
		$(BIN)/python -m tests.e2e.animation resources/screenshots/search.gif

FUZZ_SECONDS ?= 600

fuzz: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary atheris --editable '.[fuzz]' || true
	@$(BIN)/python -m tests.fuzz.run --seconds $(FUZZ_SECONDS)

# Mutation testing of the core's arithmetic, over a copy of the last commit; hours, and goes on where it was ended.
MUTANTS := build/mutants

mutants: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[mutants]'
	@mkdir -p $(MUTANTS)/copy && git archive HEAD | tar --extract --directory $(MUTANTS)/copy
	@test -e $(MUTANTS)/session.sqlite \
		|| (cd $(MUTANTS)/copy && $(CURDIR)/$(BIN)/cosmic-ray init tests/mutants/cosmic_ray.toml ../session.sqlite)
	@cd $(MUTANTS)/copy && PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH="$$PWD" \
		cosmic-ray exec tests/mutants/cosmic_ray.toml ../session.sqlite
	@$(BIN)/cr-report --surviving-only $(MUTANTS)/session.sqlite

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

setup: $(STAMP) system-packages

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python has no venv. On Debian or Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Setting up $(VENV): about 6 GB and two minutes the first time ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,train]'
	@touch $(STAMP)

# What the plugins of the installed Qt need (asked of the plugins themselves), a font, and the X server of the display
# tests. The first two are needed: without them the set-up fails. The display tests are skipped without the last.
system-packages: $(STAMP)
	@[ "$$(uname -s)" = Linux ] || exit 0; \
	needed="$$($(BIN)/python -m app.platform_check --packages)"; \
	find /usr/share/fonts /usr/local/share/fonts "$$HOME/.fonts" "$$HOME/.local/share/fonts" -name '*.[to]tf' \
		2>/dev/null | grep -q . || needed="$$needed fonts-dejavu-core"; \
	wanted=""; \
	for entry in $(DISPLAY_PROGRAMS); do \
		command -v "$${entry%%:*}" >/dev/null || wanted="$$wanted $${entry##*:}"; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		[ -n "$${needed# }$$wanted" ] || exit 0; \
		echo "Installing system packages: $$needed$$wanted"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$needed $$wanted >/dev/null; \
	fi; \
	$(BIN)/python -m app.platform_check || exit 1; \
	[ -z "$$wanted" ] || [ "$$(id -u)" = 0 ] || echo "The tests on a real display are skipped without:$$wanted"

# Newest versions that fit, for the file of constraints. torch and what it brings stay free: they depend on the GPU.
constraints: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --upgrade-strategy eager --editable '.[dev,train]'
	@{ echo "# Versions that the tests passed with; made by \`make constraints\`. Left out: torch and what depends on the GPU."; \
		$(BIN)/python -m pip freeze --exclude-editable \
		| grep -viE '^(torch|torchvision|triton|nvidia|cuda|faami|setuptools|pip)[-_a-z0-9]*(==| @)'; } > constraints.txt
	@touch $(STAMP)

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .coverage
