# What people do with Overtone. `make quickstart` is the first of them.

SWIFT  ?= swift
FLAGS   = -c release -Xcc -march=native
BINARY  = .build/release/overtone
CODE    = Package.swift Sources Plugins Tests

.PHONY: build released quickstart test stranger torture fuzz sanitize bench reading-results architecture docs format lint \
  packages clean

build: packages
	$(SWIFT) build $(FLAGS) --product overtone

# Writes the tables of released settings in Experiments/papers/README.md anew.
TABLES = Experiments/papers/README.md
MARKER = <!-- compare --with released -->
released: build
	$(BINARY) compare Experiments/papers --with released > .released.md
	awk '/^$(MARKER)$$/ { print; if (!seen++) { while ((getline line < ".released.md") > 0) print line; inside = 1 } \
	  else inside = 0; next } !inside' $(TABLES) > .released-new.md
	mv .released-new.md $(TABLES) && rm -f .released.md

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

# Kills tiny runs and makes their disk fail at every call; whatever happens, the same command must end in the same
# bytes. KILLS: runs with signals at random moments; POINTS: cases of each other kind; all: every call, hours. Needs
# python3 and a C compiler.
KILLS  ?= 200
POINTS ?= 300
JOBS   ?= 2
torture: build
	@command -v python3 > /dev/null || { echo "torture needs python3 (apt-get install python3)."; exit 1; }
	@python3 Tests/Torture/torture.py --program $(BINARY) --kills $(KILLS) --points $(POINTS) --jobs $(JOBS) $(CASES)

# Gives every reader of foreign files RUNS mutated inputs, or SECONDS of them: make fuzz RUNS=1000000 TARGETS="yaml png".
RUNS    ?= 1000000
SECONDS ?= 600
FUZZ     = --package-path Tests/Fuzzing --scratch-path .build-fuzz --sanitize=fuzzer
fuzz: packages
	@$(SWIFT) build $(FLAGS) $(FUZZ) --product fuzz > .build-fuzz.log 2>&1 \
	  || { cat .build-fuzz.log; rm -f .build-fuzz.log; exit 1; }; rm -f .build-fuzz.log
	@sh Tests/Fuzzing/fuzz.sh .build-fuzz/release/fuzz $(RUNS) $(SECONDS) $(TARGETS)

# The tests under the address and the thread sanitizer, but for those that Tests/Sanitizers/*.skip names with a reason.
SANITIZERS ?= address thread
sanitize: build
	@sh Tests/Sanitizers/sanitize.sh $(SANITIZERS)

# Times every case, a line each: seconds, images a second, speed and fraction of the best product, memory; minutes.
bench: build
	@$(BINARY) doctor
	@for case in Experiments/bench/*.yaml; do $(BINARY) bench $$case --reps 3 --text || exit 1; done

# The programs of docs/reading-results against runs made now; those whose interpreter is missing are left out, aloud.
reading-results: build
	@sh Tests/reading-results.sh

# The drawing of docs/architecture.md, from Package.swift and Tests/ArchitectureTests/Drawing.
RULES = Tests/ArchitectureTests
architecture:
	@mkdir -p .build/architecture
	@echo 'print(Drawing(Manifest(try Project(root: ".").manifest)).svg, terminator: "")' > .build/architecture/main.swift
	@swiftc -swift-version 6 $(RULES)/Reading/*.swift $(RULES)/Rules/*.swift $(RULES)/Drawing/*.swift $(RULES)/Counts.swift \
	  .build/architecture/main.swift -o .build/architecture/draw
	@.build/architecture/draw > docs/architecture.svg

# API pages of the libraries, a DocC archive each, in .build/docs.
docs: build
	@$(SWIFT) build $(FLAGS) --target AutoregressionTesting
	@sh Sources/build-docs.sh "$$($(SWIFT) build $(FLAGS) --show-bin-path)"

format:
	$(SWIFT) format --in-place --recursive $(CODE)

lint:
	$(SWIFT) format lint --strict --recursive $(CODE)

# The libraries of the system; on Debian they are installed when missing.
packages:
	@sh Sources/install-packages.sh

clean:
	rm -rf .build .build-stranger .build-fuzz .build-address .build-thread
