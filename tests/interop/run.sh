#!/usr/bin/env bash
# Interoperability with real .NET: our client against a C# ASMX service on Mono; the .NET proxy
# (generated from our own WSDL) and Python zeep against our host; Python and JavaScript that log in with that service
# through the gateway; and a .NET program recorded with the service and answered from the recording without it.
# Starts the services, runs the tests, stops them.
# Fails when Mono cannot be had; nothing is skipped.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/services.sh"
cd "$top"

"$here/mono.sh" install
# For the endpoints that speak JSON.
for program in python3 nodejs; do
    command -v "${program%js}" >/dev/null || "$here/mono.sh" install-packages "$program"
done
build_tool
start_mono
mono_service=$service
INTEROP_URL=$mono/ cargo test --locked --features full --test interop -- --nocapture --skip differential::
INTEROP_URL=$mono "$here/gateway.sh" programs

# Every case, both versions, of the .NET program at `address`.
dotnet() {
    for version in 1.1 1.2; do
        for what in operations diagnostics; do
            echo "== dotnet $1, SOAP $version, $what"
            "$here/mono.sh" dotnet "$work" "$address" "$version" "$what"
        done
    done
}

# What the .NET program is answered through the recorder…
rm -rf "$work/recorded"
start record 's/^listening on \(http:[^ ,]*\).*/\1/p' \
    "$tool" record --upstream "$mono" --listen 127.0.0.1:0 --out "$work/recorded"
dotnet recorded
stop "$service" record
kill "$mono_service"

# …it is answered again, and our client, too, when the service is gone. (At the recorded pace: one case wants a slow answer.)
start replay 's/^listening on \(http:[^ ,]*\).*/\1/p' \
    "$tool" serve --fixtures "$work/recorded" --listen 127.0.0.1:0 --fail-on-unused --fail-on-unmatched \
    --inject pace
dotnet replayed
INTEROP_URL=$address/ cargo test --locked --features full --test interop -- --nocapture cases::
stop "$service" replay
no_passwords "$work/recorded" "$work"/{record,replay}.{log,calls.log}

EXTERNAL_PROVIDERS_AUTH_PASSWORD=$INTEROP_PASSWORD start host \
    's/^listening on \(http:[^ ]*\)Provider.asmx.*/\1/p' \
    "$tool" serve --sample --diagnostics --listen 127.0.0.1:0
"$here/mono.sh" install-zeep "$work"
for version in 1.1 1.2; do
    for what in '' diagnostics; do
        for peer in dotnet zeep; do
            echo "== $peer, SOAP $version, $address ${what:-operations}"
            "$here/mono.sh" "$peer" "$work" "$address" "$version" $what
        done
    done
done
no_passwords "$work/host.calls.log"
