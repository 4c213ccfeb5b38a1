# make demo   set up everything and run the main job on the demo collection
# make test   set up everything and pass the tests
# make screens  draw every screen in both themes into build/screens, and the animation of the README
# make fuzz   fuzz what strangers' files go through, 10 minutes a target (FUZZ_SECONDS=600)
# make setup  only the environment; does nothing when it is current

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
DEMO := build/demo
DEMO_QUERY := storage tanks beside a river

# Shared libraries that Qt needs on Linux, and the Debian package that brings each.
QT_LIBRARIES := libEGL.so.1:libegl1 libGL.so.1:libgl1 libxkbcommon.so.0:libxkbcommon0 libdbus-1.so.3:libdbus-1-3 \
	libfontconfig.so.1:libfontconfig1 libglib-2.0.so.0:libglib2.0-0

# Without a display the same window is rendered offscreen and closes by itself.
HEADLESS := $(if $(filter Linux,$(shell uname -s)),$(if $(DISPLAY)$(WAYLAND_DISPLAY),,--quit),)

.PHONY: demo test screens fuzz lint setup qt-libraries clean

demo: setup
	@mkdir -p $(DEMO)
	@$(BIN)/faami-explorer --demo --query "$(DEMO_QUERY)" --export $(DEMO)/results.csv \
		--screenshot $(DEMO)/screenshot.png --overlay $(DEMO)/overlay.png $(HEADLESS)
	@echo "Written: $(DEMO)/screenshot.png, $(DEMO)/overlay.png, $(DEMO)/results.csv"

# Two tiers, each with a test process a core: the fast one tells in minutes, the second breaks things.
TEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal --cov

test: setup lint
	@$(TEST) -m "not (faults or slow)" --cov-report=
	@$(TEST) -m "faults or slow" --cov-append --cov-report=term --cov-fail-under=85

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

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

setup: qt-libraries $(STAMP)

$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up $(VENV): about 6 GB and two minutes the first time ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,train]'
	@touch $(STAMP)

qt-libraries:
	@[ "$$(uname -s)" = Linux ] || exit 0; \
	missing=""; \
	for entry in $(QT_LIBRARIES); do \
		PATH="$$PATH:/sbin:/usr/sbin" ldconfig -p | grep -q "$${entry%%:*}" || missing="$$missing $${entry##*:}"; \
	done; \
	find /usr/share/fonts "$$HOME/.fonts" "$$HOME/.local/share/fonts" -name '*.[to]tf' 2>/dev/null | grep -q . \
		|| missing="$$missing fonts-dejavu-core"; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing the system libraries of Qt:$$missing"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	else \
		echo "Qt needs system libraries that are missing. On Debian or Ubuntu: sudo apt-get install$$missing" >&2; exit 1; \
	fi

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .coverage
