#!/usr/bin/env bash
# "An LDAP login in five minutes", as the README prints it: its two blocks are run word for word against the directory that it starts, with
# the password where a person would type it. Fails when slapd cannot be had.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/services.sh"
cd "$top"
"$here/mono.sh" install-packages openssl slapd ldap-utils
build_tool
PATH=$(realpath "$(dirname "$tool")"):$PATH
[ ! -e /tmp/directory ] && [ ! -e /tmp/login ] || { echo "/tmp/directory or /tmp/login is there already" >&2; exit 1; }

# usage: block NUMBER (those of shell below the heading)
block() {
    awk -v wanted="$1" '/^#### An LDAP login/ { here = 1; next } here && /^#/ && !inside { exit }
        here && /^```/ { inside = !inside; if (inside) number++; next } here && inside && number == wanted' README.md
}

output=$(mktemp)
stop() {
    # A function in the background is a shell, and what it runs its child.
    local job
    for job in $(jobs -p); do
        pkill -P "$job" || true
        kill "$job" 2>/dev/null || true
    done
    wait
    rm -rf /tmp/login /tmp/directory "$output"
}
trap stop EXIT

# What a person is asked for.
external-providers() {
    command external-providers "$@" < <(echo Passw0rd-1)
}

eval "$(block 1)" >"$output"
until grep -q ^ready "$output"; do
    kill -0 $! || exit 1
    sleep 0.1
done
eval "$(block 2)" >>"$output" 2>&1
cat "$output"
for expected in 'all well' 'may log in'; do
    grep -q "$expected" "$output" || { echo "not said: $expected" >&2; exit 1; }
done
[ "$(grep -c '^Authenticate: authenticated' "$output")" = 2 ] || { echo "not logged in twice" >&2; exit 1; }
