# make run    build, and let a visitor sign in on this machine, with codes in the terminal
# make test   every test, with real peers; keeps pictures of every screen in target/tmp/pictures
# make scene  (root) the same for real in network namespaces; make scene-down takes it down
# make fuzz   look for packets and dictionaries that break the codecs; needs nightly Rust and cargo-fuzz
# make bench  figures beside FreeRADIUS; ROWS="one-time postgresql" takes these alone

CARGO := PATH="$$HOME/.cargo/bin:$$PATH:/usr/sbin:/sbin" cargo

.PHONY: run test fuzz scene scene-down bench check install-build install-test install-bench

run: install-build
	$(CARGO) build --release --locked
	exec ./target/release/sabeel serve --demo demo

# Most stories wait most of their time, so more of them run at once than there are processors.
test: export RUST_TEST_THREADS ?= 6
test: install-build install-test
	$(CARGO) test --workspace --locked
	$(CARGO) test --manifest-path radius/proto/interop/Cargo.toml

fuzz:
	cd radius/proto && for target in $$($(CARGO) +nightly fuzz list); do \
		mkdir -p fuzz/corpus/$$target; \
		$(CARGO) +nightly fuzz run -s none $$target fuzz/corpus/$$target fuzz/corpus/decode -- -max_total_time=300 || exit 1; done
	cd crates/link && for target in $$($(CARGO) +nightly fuzz list); do \
		$(CARGO) +nightly fuzz run -s none $$target fuzz/corpus/$$target -- -max_total_time=300 || exit 1; done

scene: install-build install-test
	$(CARGO) build --release --locked
	scripts/scene up

scene-down:
	scripts/scene down

bench: install-build install-bench
	$(CARGO) bench --locked --bench figures -- $(ROWS)

check: install-build
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked

install-build:
	@scripts/install build

install-test:
	@scripts/install test

install-bench:
	@scripts/install bench
