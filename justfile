# The everyday commands. `just` alone lists them; each is a plain command that works without just, too.

# List the commands.
default:
    @just --list

# The main job on the local Azure.
demo *arguments:
    cargo run -- demo {{ arguments }}

# Keep the local Azure running, with the worker on it.
simulate *arguments:
    cargo run -- simulate {{ arguments }}

# All tests; arguments filter them.
test *arguments:
    cargo test --workspace {{ arguments }}

# What is measured: docs/benchmarks.md; arguments choose, and without any all of it is.
bench *arguments:
    cargo bench {{ arguments }}
    test -n "{{ arguments }}" || scripts/check-instructions
    test -n "{{ arguments }}" || cargo run --release --quiet -- demo --storm 100000

# What is quick to check while writing.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# The documentation of the code, in the browser.
doc:
    cargo doc --workspace --no-deps --open

# Bring the code into form.
fmt:
    cargo fmt --all

# The package that is deployed: dist/ and its zip.
package:
    scripts/package

# What the Bicep compiler says of infra/, and whether its snapshots are current.
infra *arguments:
    scripts/check-infra {{ arguments }}

# Have checkov look at what a deployment would create, where it is installed.
checkov:
    scripts/run-checkov

# Everything that CI runs.
ci:
    .ci/run
