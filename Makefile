# make run    build, and let a visitor sign in on this machine, with codes in the terminal
# make test   every test, with real peers
# make scene  (root) the same for real in network namespaces; make scene-down takes it down
# make bench  figures beside FreeRADIUS

CARGO := PATH="$$HOME/.cargo/bin:$$PATH" cargo

.PHONY: run test scene scene-down bench check install-build install-test install-bench

run: install-build
	$(CARGO) build --release --locked
	exec ./target/release/sabeel serve --demo demo

test: install-build install-test
	$(CARGO) test --workspace --locked

scene: install-build install-test
	$(CARGO) build --release --locked
	scripts/scene up

scene-down:
	scripts/scene down

bench: install-build install-bench
	$(CARGO) bench --locked --bench figures

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
