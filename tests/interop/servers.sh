#!/usr/bin/env bash
# Logins, look-ups and events against real servers: slapd, Samba as an Active Directory domain controller, PostgreSQL, MariaDB, NATS; none is skipped.
# Installs their Debian packages (as root), starts Samba, NATS and one of each database for all tests, and runs the tests, which start
# the servers that they kill or that remember failures themselves. Nothing of the machine's own servers is used or touched.
# usage: servers.sh [TEST…]                         (all; else those with these words in their names)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."

"$here/mono.sh" install-packages openssl slapd ldap-utils samba samba-dsdb-modules samba-vfs-modules samba-ad-provision ldb-tools \
    postgresql mariadb-server nats-server haproxy

# Below /tmp, where the databases' own users may go, too.
work=$(mktemp -d /tmp/servers.XXXXXX)
chmod a+rx "$work"
rigs=()
stop() {
    trap '' EXIT INT TERM
    # Those of tests that were killed themselves, too.
    local process
    for process in "${rigs[@]}" $(cat "$work"/*/pid 2>/dev/null); do
        kill "$process" 2>/dev/null || true
    done
    wait
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

# usage: start NAME SCRIPT ARGUMENT…
start() {
    "$here/$2" "$work/$1" "${@:3}" >"$work/$1.ready" &
    rigs+=($!)
}

# Waits for its line, and exports it as SERVERS_NAME.
# usage: await NAME PROCESS
await() {
    until [ -s "$work/$1.ready" ]; do
        kill -0 "$2" 2>/dev/null || { echo "$1 did not start" >&2; return 1; }
        sleep 0.1
    done
    export "SERVERS_${1^^}=$(sed 's/^ready //' "$work/$1.ready")"
    echo "$1: $(<"$work/$1.ready")"
}

# Samba takes its time; the tests are built meanwhile.
start samba directory/samba.sh 127.0.0.9
start postgres database/postgres.sh 15433
start mariadb database/mariadb.sh 13307
start nats nats.sh 14223
await postgres "${rigs[1]}"
await mariadb "${rigs[2]}"
await nats "${rigs[3]}"
cargo test --locked --features full --test servers --no-run
await samba "${rigs[0]}"
begin=$SECONDS
SERVERS_FOLDER=$work cargo test --locked --features full --test servers -- --nocapture "$@"
echo "servers: tested in $((SECONDS - begin)) s"
