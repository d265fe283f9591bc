#!/bin/sh
# Builds the fuzz targets with coverage instrumentation by plain cargo. Extra arguments go to cargo.
# The explicit --target keeps the flags away from build scripts and procedural macros.
set -eu
cd "$(dirname "$0")"
target=$(rustc -vV | sed -n 's/^host: //p')
flags="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
flags="$flags -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
flags="$flags -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions"
flags="$flags${FUZZ_FLAGS:+ $FUZZ_FLAGS}"
CARGO_ENCODED_RUSTFLAGS=$(printf '%s' "$flags" | tr ' ' '\037')
export CARGO_ENCODED_RUSTFLAGS
exec cargo build --release --target "$target" "$@"
