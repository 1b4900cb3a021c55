# The few commands everyone types: thin lines over presets, pip and npm. `make` lists them.
# Ninja where it is installed; a build folder keeps the generator it was made with.
ifneq ($(shell command -v ninja 2>/dev/null),)
export CMAKE_GENERATOR ?= Ninja
endif
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell nproc 2>/dev/null || echo 2)
export CTEST_PARALLEL_LEVEL ?= $(CMAKE_BUILD_PARALLEL_LEVEL)

SEEDS ?= 2000
SECONDS ?= 60
REPETITIONS ?= 9

# Says what it does, and what that printed only if it failed.
QUIETLY := tools/quietly.sh

.DEFAULT_GOAL := help
.PHONY: help run run-merge test test-cpp test-python test-server test-js test-editors test-web test-emulator wasm bench bench-python bench-js bench-server figures conformance differential fuzz soak lint format bugs coverage wheel

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-14s %s\n", $$1, $$2 }'

run: ## the server and its editor in the browser: PORT=n; ONCE=1 starts, checks and stops; TARGET=emulator: on an emulated AWS
	@tools/setup.sh serve
	@tools/server.sh
	@tools/editor.sh
	@tools/run.sh

run-merge: ## three people edit one text in C++ and merge, as it happens
	@tools/setup.sh run
	@$(QUIETLY) cmake -S examples/cpp -B build/examples
	@$(QUIETLY) cmake --build build/examples --target merge
	@build/examples/merge

test: ## everything that must hold, counted; ends with "N passed, N failed"; FRESH=1: also what is unchanged
	@tools/setup.sh test
	@python3 tools/run_tests.py all

test-cpp: ## the C++ suite with sanitizers, its consumers and its headers
	@tools/setup.sh test
	@python3 tools/run_tests.py cpp

test-python: ## the Python package, built and installed into build/venv/python
	@tools/setup.sh test
	@python3 tools/run_tests.py python

test-server: ## the server, in build/venv/server
	@tools/setup.sh test
	@python3 tools/run_tests.py server

wheel: ## the Python package for any Linux with glibc 2.28 or newer, in build/dist: PYTHON=interpreter
	@tools/wheel.sh

test-js: ## the npm package, built into build/npm: in Node, beside Yjs, and in Chromium
	@tools/setup.sh test
	@python3 tools/run_tests.py javascript yjs chromium

test-editors: ## TipTap, CodeMirror and Quill at length, installed by npm, pnpm and Yarn
	@tools/setup.sh test
	@python3 tools/run_tests.py editors

test-web: ## the editor and stock clients in Chromium, against the server
	@tools/setup.sh test
	@python3 tools/run_tests.py web

test-emulator: ## the editor's journeys in Chromium on an emulated AWS
	@tools/setup.sh test
	@python3 tools/run_tests.py emulator

wasm: ## the npm package alone, in build/npm/ropewalk
	@tools/setup.sh test
	@tools/wasm.sh

bench: ## Google Benchmark: a table of ratios over a gap buffer; JSON in build/bench.json
	@tools/setup.sh bench
	@$(QUIETLY) cmake --preset release
	@$(QUIETLY) cmake --build --preset release --target ropewalk_bench
	build/release/bench/ropewalk_bench --benchmark_repetitions=$(REPETITIONS) --benchmark_enable_random_interleaving=true --benchmark_filter=$(or $(FILTER),.) --benchmark_out=build/bench.json --benchmark_out_format=json
	@python3 bench/report.py build/bench.json

bench-python: ## ropewalk beside pycrdt, loro and y-py: a table, then figures; ONLY=prefix for some
	@tools/setup.sh bench
	@tools/python.sh
	@$(QUIETLY) build/venv/python/bin/pip install --quiet -r bench/python/requirements.txt
	@$(QUIETLY) build/venv/python/bin/pip wheel --quiet --no-build-isolation --no-deps -w build/wheels .
	@build/venv/python/bin/python bench/python/peers.py --json=build/python-figures.json $(addprefix --figures=,$(wildcard build/figures.json)) $(if $(ONLY),--only=$(ONLY))

bench-server: ## joins to 16 MB; writers and readers, ours beside others; one and two processes; cold starts: ONLY=prefix
	@tools/setup.sh bench
	@tools/server.sh
	@bench/server/run.sh $(ONLY)

bench-js: ## ropewalk beside yjs, ywasm, loro and others in Node and Chromium: tables, then figures; ONLY=prefix
	@tools/setup.sh bench
	@tools/wasm.sh
	@$(QUIETLY) npm --prefix bench/js ci --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error
	@node bench/js/run.mjs --json=build/js-figures.json $(if $(ONLY),--only=$(ONLY))

figures: ## every figure that the issues ask for, as `id value unit`; ONLY=prefix for some
	@tools/setup.sh bench
	@$(QUIETLY) cmake --preset release
	@$(QUIETLY) cmake --build --preset release --target figures differential_peer
	@build/release/bench/figures --json=build/figures.json $(if $(ONLY),--only=$(ONLY))

conformance: ## replays a folder of fixtures, in C++, through Python and through JavaScript: FIXTURES=dir
	@tools/setup.sh test
	@test -n "$(FIXTURES)" || { echo "make conformance FIXTURES=dir" >&2; exit 2; }
	@$(QUIETLY) cmake --preset release
	@$(QUIETLY) cmake --build --preset release --target conformance
	@tools/python.sh
	@tools/wasm.sh
	@status=0; \
	    build/release/tests/conformance $(FIXTURES) || status=1; \
	    echo "through Python:"; \
	    build/venv/python/bin/python bindings/python/tests/conformance $(FIXTURES) || status=1; \
	    echo "through JavaScript:"; \
	    node bindings/wasm/tests/conformance/main.mjs $(FIXTURES) || status=1; \
	    exit $$status

differential: ## random histories here and in Yjs: SEEDS=n
	@tools/setup.sh test
	@$(QUIETLY) cmake --preset release
	@$(QUIETLY) cmake --build --preset release --target differential_peer
	@tests/differential/run.sh $(SEEDS)

fuzz: ## one libFuzzer target: T=target SECONDS=n
	@tools/setup.sh fuzz
	@test -n "$(T)" || { echo "make fuzz T=target SECONDS=n; targets: $(patsubst fuzz/%.cpp,%,$(filter-out fuzz/replay_main.cpp,$(wildcard fuzz/*.cpp)))" >&2; exit 2; }
	@$(QUIETLY) cmake --preset fuzz
	@$(QUIETLY) cmake --build --preset fuzz --target fuzz_$(T)
	@mkdir -p build/fuzz/found/$(T)
	build/fuzz/fuzz/fuzz_$(T) -max_total_time=$(SECONDS) -artifact_prefix=build/fuzz/found/$(T)/crash- build/fuzz/found/$(T) fuzz/corpus/$(T)

soak: ## for hours what `make test` does in seconds: AREA=differential, property, epochs, storage, compaction, fuzz, server or stores
	@$(if $(filter command%,$(origin SEEDS)),SEEDS=$(SEEDS)) tools/soak.sh $(AREA)

lint: build/venv/tools ## formatting, clang-tidy and the directions of #include
	@tools/lint.sh check

format: build/venv/tools ## formats all C++ in place
	@tools/lint.sh format

build/venv/tools: tools/lint-requirements.txt
	@tools/setup.sh lint
	python3 -m venv build/venv
	build/venv/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

bugs: ## puts known bugs back, one by one, and expects the suite to notice: ONLY=name
	@tools/setup.sh test
	@python3 tests/bugs/run.py $(ONLY)

coverage: ## which lines the C++ suite reaches, in build/coverage/
	@tools/setup.sh test
	@tools/coverage.sh
