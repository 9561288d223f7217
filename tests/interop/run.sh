#!/usr/bin/env bash
# Interoperability with real .NET: our client against a C# ASMX service on Mono. Starts the service,
# runs the tests, stops it. Fails when Mono cannot be had; nothing is skipped.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
work=${INTEROP_DIR:-$top/target/interop}
export INTEROP_PASSWORD=${INTEROP_PASSWORD:-s3cret}

"$here/mono.sh" install
mkdir -p "$work"
"$here/mono.sh" build "$work"

log=$work/service.log
"$here/mono.sh" serve "$work" 0 >"$log" 2>&1 &
service=$!
trap 'kill "$service" 2>/dev/null || true' EXIT

port=
for _ in $(seq 150); do
    port=$(sed -n 's/.*Listening on port: \([0-9]*\).*/\1/p' "$log" | head -n 1)
    [ -n "$port" ] && break
    kill -0 "$service" 2>/dev/null || break
    sleep 0.2
done
if [ -z "$port" ]; then
    echo "the C# service did not start:" >&2
    cat "$log" >&2
    exit 1
fi
export INTEROP_URL=http://127.0.0.1:$port/

cd "$top"
cargo test --locked --test interop -- --nocapture
