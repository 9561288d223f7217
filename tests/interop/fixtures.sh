#!/usr/bin/env bash
# Records the curated fixtures of this repository anew, from the C# service on Mono with our own
# recorder: OUT/sample, what the .NET proxy says in every operation and both SOAP versions, and OUT/odd,
# what is odd but legal, or not legal at all. They are replaced when all went well.
# usage: fixtures.sh [OUT]          (default: the repository's fixtures)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/services.sh"
out=${1:-$top/fixtures}
cd "$top"

"$here/mono.sh" install
build_tool
start_mono

# A port that is always the same, so that a new recording differs in little but times.
record() {
    EXTERNAL_PROVIDERS_AUTH_PASSWORD=$INTEROP_PASSWORD start "record-$1" \
        's/^listening on \(http:[^ ,]*\).*/\1/p' \
        "$tool" record --mode all --upstream "$mono" --listen 127.0.0.1:18808 --out "$work/fixtures/$1"
}

dotnet() {
    for version in 1.1 1.2; do
        "$here/mono.sh" dotnet "$work" "$address" "$version" "$1" | tail -n 1
    done
}

# Sends a captured request, and fails if the answer is not the captured one.
send() {
    "$tool" fixtures verify "$top/fixtures/asmx/$1" --url "$address" --include-changes \
        --secret-file 1=<(printf %s "$INTEROP_PASSWORD") --secret-file 2=<(printf %s mypassword)
}
record sample
dotnet operations
stop "$service" record-sample

record odd
dotnet diagnostics
for name in meta/meta-help \
    contenttype/ct-plain contenttype/ct-utf8-bom contenttype/ct-utf16le-bom contenttype/ct-latin1 \
    soapaction/sa-missing soapaction/sa-wrong soapaction/sa12-unknownbody \
    header/hd-mu1 header/hd-unknown structure/st-pretty structure/st-env-prefixed \
    structure/st-env-wrongns text/tx-cdata-split xml/xm-malformed xml/xm-doctype xml/xm-comment-before; do
    send "$name"
done
stop "$service" record-odd

cd "$work/fixtures"
# Nobody reads these: thousands of lines of the same, and a port that is another one each time.
rm -rf odd/*-handle-event-big-* odd/*-get-sign-in-cookie-info-slow-* odd/*-wsdl* {sample,odd}/recording.toml
chmod -R u=rwX,go=rX .
no_passwords .
"$tool" fixtures check sample | tail -n 1
for set in sample odd; do
    rm -rf "${out:?}/$set"
    cp -R "$set" "$out/"
done
