#!/usr/bin/env bash
# Runs fuzz targets in libFuzzer, one after the other, and says how many inputs each took. Fails at the first that breaks one.
# With --quick it shares what the crate's tests were built of, which is not optimised, and tries at most 2 000 inputs of each, the same ones
# each time: to see that all targets hold, not for an hour, and not to find something by chance.
# Needs a Rust toolchain and a C++ compiler.
# usage: run.sh [--quick] SECONDS [TARGET…]          (all targets, each for so long)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
quick=
[ "${1:-}" != --quick ] || { quick=1; shift; }
[[ ${1:-} =~ ^[0-9]+$ ]] || { sed -n 's/^# usage: /usage: /p' "${BASH_SOURCE[0]}" >&2; exit 2; }
seconds=$1
shift
cd "$here"
if [ -n "$quick" ]; then
    export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/../../target} CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0
    # The same versions, too.
    cp ../../Cargo.lock .
    RUSTC_WRAPPER=$PWD/instrument.sh cargo build --quiet
    built=$CARGO_TARGET_DIR/debug
else
    export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
    host=$(rustc -vV | sed -n 's/^host: //p')
    # The compiler's own pass, by the one name that a stable toolchain takes, too.
    RUSTFLAGS=$(./instrument.sh echo --crate-name external_providers | sed 's/^--crate-name external_providers //')
    export RUSTFLAGS
    cargo build --quiet --release --target "$host"
    built=$CARGO_TARGET_DIR/$host/release
fi
FUZZ_TARGET=seeds "$built/fuzz"
mkdir -p artifacts
[ $# != 0 ] || set -- $(ls corpus)
for target; do
    log=artifacts/$target.log
    if ! FUZZ_TARGET=$target "$built/fuzz" "corpus/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2000 \
        -max_len=16384 ${quick:+-seed=20261126 -runs=2000} -artifact_prefix="artifacts/$target-" -print_final_stats=1 >"$log" 2>&1; then
        grep -avE '^(#[0-9]+|NEW_FUNC| *NEW)' "$log" | tail -n 40
        echo "fuzz: $target broke; the input is in $PWD/artifacts" >&2
        exit 1
    fi
    awk -v target="$target" '/^stat::number_of_executed_units/ { units = $2 } /^stat::peak_rss_mb/ { rss = $2 }
        END { printf "%-12s %9d inputs, %4d MB\n", target, units, rss; exit units == 0 }' "$log"
done
