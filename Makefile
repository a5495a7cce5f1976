# Every target sets up what it needs by itself, once; what must be there: gcc, make, and python3
# (3.11 or newer) with its headers and venv.
#
#   make demo      index the standard library into build/code_index.sqlite and search it; make demo QUERY="event loop"
#   make demo-compare  time that with threads and processes against one thing after the other
#   make demo-web  readings of this machine in a browser, at 127.0.0.1:8000; make demo-web PORT=9000
#   make test      the test suite; a part of it, by pytest, with make test ARGS="-x -k batched"
#   make test-web  the page of make demo-web in a headless browser
#   make test-all  the test suite on each of $VERSIONS that is found: here (the one of .venv), and what is in $PYTHONS
#   make check     linters, type checkers, and the C core with -Werror
#   make format    let ruff format the Python files
#   make asan      the test suite under AddressSanitizer
#   make tsan      what threads do, under ThreadSanitizer, with $TSAN_PYTHON: a free-threaded Python that was built for that
#   make bench     the benchmark table, written to benchmarks/results.md
#   make clean     remove everything that make has made

PYTHON   ?= python3
PYTHONS  ?= $(HOME)/.pythons
VERSIONS ?= here 3.13t 3.13 3.14 3.15
QUERY    ?= event loop
PORT     ?= 8000

py     := .venv/bin/python
core   := $(wildcard src/aitertools/_core/*.[ch])
python := $(shell find src -name '*.py' -o -name '*.pyi')
found  := $(foreach version,$(VERSIONS),$(if $(wildcard $(PYTHONS)/$(version)/bin/python3),$(version)))

.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: demo demo-compare demo-web test test-web test-all check format asan tsan bench clean

demo: .venv/.core
	.venv/bin/aitertools run examples.code_index:index database=build/code_index.sqlite
	@.venv/bin/aitertools run --quiet examples.code_index:search database=build/code_index.sqlite query='$(QUERY)'

demo-compare: .venv/.core
	$(py) -m benchmarks.code_index $(ARGS)

demo-web: .venv/.core .venv/.examples build/live_feed/.libraries
	@echo 'open http://127.0.0.1:$(PORT) in a browser; Ctrl-C ends it'
	@$(py) -m uvicorn --port $(PORT) --no-access-log examples.live_feed.app:app

test: .venv/.core
	$(py) $(if $(ARGS),-m pytest $(ARGS),scripts/suite)

test-web: .venv/.core .venv/.examples .venv/.browser build/live_feed/.libraries
	chromium=$$(scripts/browser) && CHROMIUM=$$chromium $(py) -m pytest tests/browser $(ARGS)

test-all: .venv/.core $(found:%=.venv-%/.core)
	@PYTHONS='$(PYTHONS)' VERSIONS='$(VERSIONS)' scripts/test-all $(ARGS)

check: .venv/.core .venv/.dev .venv/.bench .venv/.examples .venv/.browser build/werror/.built
	$(py) -m ruff check
	$(py) -m ruff format --check
	$(py) -m mypy
	$(py) -m pyright

format: .venv/.dev
	$(py) -m ruff check --fix
	$(py) -m ruff format

asan: .venv-asan/.core
	scripts/asan .venv-asan $(ARGS)

tsan: .venv-tsan/.core
	scripts/tsan .venv-tsan $(ARGS)

bench: .venv/.core .venv/.bench
	$(py) -m benchmarks $(ARGS)

clean:
	rm -rf build dist .venv .venv-* src/*.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	rm -f src/aitertools/*.so

# --- environments -----------------------------------------------------------------------------------------------------

.venv/.test: pyproject.toml scripts/venv
	PYTHON=$(PYTHON) scripts/venv .venv test
	@touch $@

.venv/.dev .venv/.bench .venv/.examples .venv/.browser: .venv/.%: .venv/.test
	scripts/venv .venv $*
	@touch $@

build/live_feed/.libraries: .venv/.test scripts/page-libraries $(wildcard examples/live_feed/package*.json)
	scripts/page-libraries
	@touch $@

.venv-asan/.test: .venv/.test
	PYTHON=$(PYTHON) scripts/venv .venv-asan test
	@touch $@

.venv-tsan/.test: .venv/.test
	PYTHON=$(TSAN_PYTHON) scripts/venv .venv-tsan test
	@touch $@

.venv-%/.test: .venv/.test
	PYTHON=$(PYTHONS)/$*/bin/python3 scripts/venv .venv-$* test
	@touch $@

# --- the extension: in place for .venv and .venv-X.Y (the tags in their names keep them apart), else in a copy --------

.venv/.core: .venv/.test setup.py $(core)
	scripts/build .venv --editable .
	@touch $@

.venv-asan/.core: .venv-asan/.test setup.py $(core) $(python)
	rm -rf build/lib.* build/temp.* build/bdist.*
	AITERTOOLS_CFLAGS='-fsanitize=address,undefined -fno-omit-frame-pointer -O1 -g -UNDEBUG' \
	AITERTOOLS_LDFLAGS=-fsanitize=address,undefined scripts/build .venv-asan .
	@touch $@

.venv-tsan/.core: .venv-tsan/.test setup.py $(core) $(python)
	rm -rf build/lib.* build/temp.* build/bdist.*
	scripts/build .venv-tsan .
	@touch $@

.venv-%/.core: .venv-%/.test setup.py $(core)
	scripts/build .venv-$* --editable .
	@touch $@

build/werror/.built: .venv/.test setup.py $(core)
	AITERTOOLS_CFLAGS=-Werror $(py) setup.py --quiet build_ext --force --build-lib build/werror --build-temp build/werror
	@touch $@

.SECONDARY: # keep the stamps
