# What people do with Overtone. `make quickstart` is the first of them.

SWIFT  ?= swift
FLAGS   = -c release -Xcc -march=native
BINARY  = .build/release/overtone
CODE    = Package.swift Sources Plugins Tests

.PHONY: build quickstart test stranger bench reading-results format lint packages clean

build: packages
	$(SWIFT) build $(FLAGS) --product overtone

quickstart: build
	$(BINARY) run Experiments/quickstart.yaml

# Builds everything with warnings as errors of ours, checks the layout of the code, and runs every test.
test: packages lint
	@$(SWIFT) build $(FLAGS) --build-tests --explicit-target-dependency-import-check error > .build-test.log 2>&1 \
	  || { cat .build-test.log; rm -f .build-test.log; exit 1; }
	@if grep -E '^(/|warning:).*warning:|^warning:' .build-test.log | grep -v '/checkouts/'; then \
	  echo "The build has warnings."; rm -f .build-test.log; exit 1; fi; rm -f .build-test.log
	$(SWIFT) test $(FLAGS) --skip-build
	@$(MAKE) --no-print-directory stranger

# A direction in a package of its own, which nothing here knows: builds, keeps the laws, trains and samples.
STRANGER = --package-path Tests/StrangersPlugin --scratch-path .build-stranger
stranger:
	@$(SWIFT) build $(FLAGS) $(STRANGER) --build-tests > .build-stranger.log 2>&1 \
	  || { cat .build-stranger.log; rm -f .build-stranger.log; exit 1; }; rm -f .build-stranger.log
	$(SWIFT) test $(FLAGS) $(STRANGER) --skip-build
	@rm -rf .build-stranger/results
	.build-stranger/release/myovertone run Tests/StrangersPlugin/zigzag.yaml results=.build-stranger/results

# Times every case, a line each: seconds, images a second, speed and share of the best product, memory; minutes.
bench: build
	@$(BINARY) doctor
	@for case in Experiments/bench/*.yaml; do $(BINARY) bench $$case --reps 3 --text || exit 1; done

# The programs of docs/reading-results against runs made now; those whose interpreter is missing are left out, aloud.
reading-results: build
	@sh Tests/reading-results.sh

format:
	$(SWIFT) format --in-place --recursive $(CODE)

lint:
	$(SWIFT) format lint --strict --recursive $(CODE)

# The libraries of the system; on Debian they are installed when missing.
packages:
	@sh Sources/install-packages.sh

clean:
	rm -rf .build .build-stranger
