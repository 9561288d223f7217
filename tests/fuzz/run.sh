#!/usr/bin/env bash
# Runs fuzz targets in libFuzzer, one after the other, and says how many inputs each took. Fails at the first that breaks one.
# Needs a Rust toolchain and a C++ compiler.
# usage: run.sh SECONDS [TARGET…]                    (all targets, each for so long)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
[ $# -ge 1 ] || { sed -n 's/^# usage: /usage: /p' run.sh >&2; exit 2; }
seconds=$1
shift
target_dir=${CARGO_TARGET_DIR:-$PWD/target}
host=$(rustc -vV | sed -n 's/^host: //p')
# The compiler's own pass, by the one name that a stable toolchain takes, too.
flags="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
flags+=" -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
RUSTC_BOOTSTRAP=1 RUSTFLAGS=$flags CARGO_TARGET_DIR=$target_dir cargo build --quiet --release --target "$host"
built=$target_dir/$host/release
FUZZ_TARGET=seeds "$built/fuzz"
mkdir -p artifacts
[ $# != 0 ] || set -- $(ls corpus)
for target; do
    log=artifacts/$target.log
    if ! FUZZ_TARGET=$target "$built/fuzz" "corpus/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2000 \
        -max_len=16384 -artifact_prefix="artifacts/$target-" -print_final_stats=1 >"$log" 2>&1; then
        grep -vE '^(#[0-9]+|NEW_FUNC| *NEW)' "$log" | tail -n 40
        echo "fuzz: $target broke; the input is in $PWD/artifacts" >&2
        exit 1
    fi
    awk -v target="$target" '/^stat::number_of_executed_units/ { units = $2 } /^stat::peak_rss_mb/ { rss = $2 }
        END { printf "%-12s %9d inputs, %4d MB\n", target, units, rss; exit units == 0 }' "$log"
done
