# dsl: build, test, install. `make demo` and `make test` are all a newcomer needs.
PREFIX ?= /usr/local
DESTDIR ?=
RELEASE = .build/release/dsl
LEARNER = .build/release/libresonetics-learner.so
SOURCES = Package.swift Sources Tests

.PHONY: demo test build release install bench crash-sweep torture format lint clean setup

demo:
	ci/setup build
	swift build -c release --product dsl
	examples/demo/run.sh $(RELEASE)

setup:
	ci/setup test

test: setup
	swift build --build-tests --explicit-target-dependency-import-check error
	$(MAKE) lint
	ci/suite

build:
	ci/setup build
	swift build

release:
	ci/setup build
	ci/release
	ci/learner

install: release
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/share/man/man1 \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
	  $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 755 $(RELEASE) $(DESTDIR)$(PREFIX)/bin/dsl
	install -m 644 $(LEARNER) $(DESTDIR)$(PREFIX)/lib/libresonetics-learner.so
	install -m 644 docs/man/dsl.1 $(DESTDIR)$(PREFIX)/share/man/man1/dsl.1
	$(RELEASE) --generate-completion-script bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/dsl
	$(RELEASE) --generate-completion-script zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_dsl
	$(RELEASE) --generate-completion-script fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/dsl.fish

bench:
	ci/bench/run

# Every call of dsl that changes the disk as its last one, and thousands of orders of everybody's operations: see docs/durability.md.
crash-sweep: release
	ci/torture/kill_sweep
	DSL_INTERLEAVINGS=3000 swift test --disable-xctest --filter InterleavingTests
	DSL_CRASH_FULL=1 swift test --disable-xctest --filter CrashCycleTests

# Everybody at once for a minute, killed and stopped at random, then an account.
torture: release
	ci/torture/torture
	ci/torture/exactly_once.sh

format:
	swift format -i -r -p $(SOURCES)

lint:
	swift format lint --strict -r -p $(SOURCES)

clean:
	swift package clean
