#!/bin/sh
# rustc, for run.sh --quick: our own crates report what is reached, to libFuzzer; what they are built of is shared with the tests' build.
case " $* " in
*" --crate-name external_providers"*)
    exec "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
        -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing
    ;;
*) exec "$@" ;;
esac
