# What a developer types. ./run starts konomi, ./test tests all of it.
SHELL := /bin/bash
CLANG_FORMAT ?= clang-format-19
RUN_CLANG_TIDY ?= run-clang-tidy-19
CLANG_TIDY ?= clang-tidy-19
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 300
SIMULATION_SEEDS ?= 100000
SIMULATION_ROCKS_SEEDS ?= 2000
KILLS ?= 200
NEMESIS_SECONDS ?= 1800
# Of the faults of soak-crash and soak-nemesis and the requests of soak-api; each prints the one it took.
SEED ?= $(shell echo $$RANDOM)
EXAMPLES ?= 1000

CXX_FILES = $(shell git ls-files --cached --others --exclude-standard 'src/*.h' 'src/*.cc' \
	'tests/*.h' 'tests/*.cc' 'bench/*.h' 'bench/*.cc')

.PHONY: help build test check format format-check tidy soak soak-simulation soak-fuzz soak-release \
	soak-crash soak-nemesis soak-api bench package

help:
	@echo "make build    the release binary, build/release/konomi"
	@echo "make test     everything in release, and under the address and undefined sanitizers"
	@echo "make check    house rules and format, in seconds"
	@echo "make format   formats the C++ code"
	@echo "make tidy     clang-tidy over all C++ code"
	@echo "make soak     thread sanitizer, clang-tidy, long simulation, fuzzing, kills, broken clusters, made-up requests"
	@echo "make soak-simulation soak-fuzz soak-crash soak-nemesis soak-api   parts of it, for example"
	@echo "              make soak-nemesis SEED=4711 NEMESIS_SECONDS=600"
	@echo "make package  the Debian package, build/konomi_*.deb"
	@echo "make bench    the benchmarks, in release"

build:
	scripts/setup.sh test
	. scripts/env.sh && scripts/web.sh
	. scripts/env.sh && cmake --preset release -DKONOMI_TESTS=ON -DKONOMI_BENCH=ON
	. scripts/env.sh && cmake --build --preset release --parallel $(JOBS)

package:
	scripts/package.sh

test:
	./test

check: format-check
	scripts/tidy.py

format:
	$(CLANG_FORMAT) -i $(wildcard $(CXX_FILES))

format-check:
	$(CLANG_FORMAT) --dry-run -Werror $(wildcard $(CXX_FILES))

# The commands are those of g++. clang 19 sees libstdc++ 12's std::expected only when it is told
# the version of concepts that g++ 12 states. Only konomi's own files are checked.
tidy:
	. scripts/env.sh && cmake --preset debug -B build/tidy -DKONOMI_TESTS=ON -DKONOMI_BENCH=ON
	$(RUN_CLANG_TIDY) -quiet -p build/tidy -j $(JOBS) -clang-tidy-binary "$$(command -v $(CLANG_TIDY))" \
		-extra-arg=-Wno-builtin-macro-redefined -extra-arg=-D__cpp_concepts=202002L \
		-extra-arg=-Wno-unknown-warning-option -extra-arg=-Wthread-safety \
		'^$(CURDIR)/(src|tests|bench)/'

soak:
	scripts/setup.sh soak
	. scripts/env.sh && scripts/run_tests.py --soak

soak-simulation:
	. scripts/env.sh && cmake --preset release -DKONOMI_TESTS=ON -DKONOMI_BENCH=ON
	. scripts/env.sh && cmake --build --preset release --target konomi_sim
	build/release/tests/sim/konomi_sim --seeds $(SIMULATION_SEEDS) --jobs $(JOBS)
	build/release/tests/sim/konomi_sim --engine rocks --seeds $(SIMULATION_ROCKS_SEEDS) --jobs $(JOBS)

soak-fuzz:
	scripts/setup.sh soak
	scripts/fuzz.sh $(FUZZ_SECONDS)

soak-release:
	. scripts/env.sh && cmake --preset release -DKONOMI_TESTS=ON -DKONOMI_BENCH=ON
	. scripts/env.sh && cmake --build --preset release --target konomi --parallel $(JOBS)

soak-crash: soak-release
	build/venv/bin/pytest -v -p no:cacheprovider tests/e2e/test_crash.py -k counted_once --kills $(KILLS) --seed $(SEED)

soak-nemesis: soak-release
	build/venv/bin/pytest -v -p no:cacheprovider tests/e2e/test_nemesis.py --nemesis-seconds $(NEMESIS_SECONDS) \
		--seed $(SEED)

soak-api: soak-release
	build/venv/bin/pytest -v -s -p no:cacheprovider tests/e2e/test_schemathesis.py --examples $(EXAMPLES) --seed $(SEED)

bench: build
	scripts/setup.sh bench
	bench/ingest_bench.py --build build/release
	bench/overhead_bench.py --build build/release
	build/release/bench/log_bench
	build/release/bench/aggregate_bench
	bench/cluster_bench.py --build build/release
