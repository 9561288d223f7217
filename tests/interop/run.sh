#!/usr/bin/env bash
# Interoperability with real .NET: our client against a C# ASMX service on Mono, and the .NET proxy
# (generated from our own WSDL) and Python zeep against our host. Starts the services, runs the tests,
# stops them. Fails when Mono cannot be had; nothing is skipped.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
work=${INTEROP_DIR:-$top/target/interop}
export INTEROP_PASSWORD=${INTEROP_PASSWORD:-s3cret}

"$here/mono.sh" install
mkdir -p "$work"
"$here/mono.sh" build "$work"

services=()
trap 'kill "${services[@]}" 2>/dev/null || true' EXIT

# Waits until a service's log says where it listens, and prints that.
# usage: await PID LOG SED-EXPRESSION
await() {
    local found
    for _ in $(seq 150); do
        found=$(sed -n "$3" "$2" | head -n 1)
        if [ -n "$found" ]; then
            printf '%s\n' "$found"
            return
        fi
        kill -0 "$1" 2>/dev/null || break
        sleep 0.2
    done
    echo "a service did not start:" >&2
    cat "$2" >&2
    return 1
}

"$here/mono.sh" serve "$work" 0 >"$work/mono.log" 2>&1 &
services+=($!)
port=$(await $! "$work/mono.log" 's/.*Listening on port: \([0-9]*\).*/\1/p')
export INTEROP_URL=http://127.0.0.1:$port/

cd "$top"
cargo test --locked --test interop -- --nocapture

cargo build --locked
EXTERNAL_PROVIDERS_AUTH_PASSWORD=$INTEROP_PASSWORD \
    "${CARGO_TARGET_DIR:-target}/debug/external-providers" serve --sample --diagnostics \
    --listen 127.0.0.1:0 >"$work/host.log" 2>"$work/host.calls.log" &
services+=($!)
host=$(await $! "$work/host.log" 's/^listening on \(http:[^ ]*\)Provider.asmx.*/\1/p')

"$here/mono.sh" install-zeep "$work"
for version in 1.1 1.2; do
    for what in '' diagnostics; do
        for peer in dotnet zeep; do
            echo "== $peer, SOAP $version, $host ${what:-operations}"
            "$here/mono.sh" "$peer" "$work" "$host" "$version" $what
        done
    done
done
if grep -Fq -e "$INTEROP_PASSWORD" -e mypassword "$work/host.calls.log"; then
    echo "the host's log holds a password" >&2
    exit 1
fi
