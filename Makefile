# The two commands of the README, and what maintainers need. Everything sets itself up.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
PIP = .venv/bin/pip --disable-pip-version-check --quiet
ARGS ?=

.PHONY: demo test chaos lint bench load stack image-check soak lock clean dashboards

demo: .venv/run.stamp
	.venv/bin/amarvote demo $(ARGS)

# The servers that tests start are installed where that may be done. Without them the rest is run, and it fails: pytest
# ends with 3; make says "Error 3" and itself ends with 2, as for any failure, which cannot be changed.
test: .venv/dev.stamp lint
	tests/servers/install.sh
	.venv/bin/pytest -n 2 $(ARGS)

# Every fault; those of the service with real times and 200 kills, whose table goes into docs/numbers.md.
chaos: .venv/dev.stamp
	tests/servers/install.sh
	.venv/bin/pytest tests/faults --chaos -p no:randomly $(ARGS)

lint: .venv/dev.stamp
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: .venv/dev.stamp .venv-bench/stamp
	.venv/bin/python -m bench $(ARGS)

# The service on servers of its own, started as for the tests: about half an hour, with nothing else at work.
load: .venv/dev.stamp
	tests/servers/install.sh
	PYTHONPATH=tests .venv/bin/python -m bench.service $(ARGS)

# The deployment's nginx, PostgreSQL, RabbitMQ and Prometheus with the service, without containers, until it is interrupted;
# ARGS=--check votes through nginx, notes what each part takes in docs/numbers.md and deploy/README.md, and ends.
stack: .venv/dev.stamp
	tests/servers/install.sh
	PYTHONPATH=tests:. .venv/bin/python -m stack $(ARGS)

# The image's own steps in a clean Debian, and every role run in what comes of it: a minute and a half, as root.
image-check:
	deploy/image-check

# Elections one after another on the deployed stack, with a fault now and then: half an hour. ARGS=--minutes=120 for longer.
soak: .venv/dev.stamp
	tests/servers/install.sh
	PYTHONPATH=tests .venv/bin/python -m bench.soak $(ARGS)

# Grafana's files, out of deploy/grafana/boards.
dashboards: .venv/dev.stamp
	.venv/bin/python deploy/grafana/make_dashboards.py

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit("AmarVote needs Python 3.11 or newer; set PYTHON=…") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv

.venv/bin/amarvote: .venv/run.stamp

.venv/run.stamp: requirements/run.txt pyproject.toml | .venv/bin/pip
	@echo "Setting up .venv (once) …"
	$(PIP) install --require-hashes --requirement requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/run.stamp
	$(PIP) install --require-hashes --requirement requirements/dev.txt
	@touch $@

# The library that `make bench` compares with, in an environment of its own.
.venv-bench/stamp: requirements/bench.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip --disable-pip-version-check --quiet install --require-hashes --requirement requirements/bench.txt
	@touch $@

# Locks by hash, without addresses. Run after a change of dependencies in pyproject.toml.
lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip --disable-pip-version-check --quiet install uv
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --group build pyproject.toml --output-file requirements/run.txt
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --group build --group dev --extra otel --constraints requirements/run.txt pyproject.toml --output-file requirements/dev.txt
	echo 'electionguard==1.4.0' | .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate - --output-file requirements/bench.txt

clean:
	rm -rf .venv .venv-lock .venv-bench
