#!/usr/bin/env bash
# Three hosts behind haproxy (haproxy.cfg) with their events in PostgreSQL, each ended and killed in turn while events come in; and
# PostgreSQL killed and started again while two deliver. .ci/run does the same in small, by servers.sh. Installs what it needs, as root.
# usage: hosts.sh [ROUNDS [RESTARTS]]                     (10 rounds of all hosts, 50 restarts of PostgreSQL)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
"$here/mono.sh" install-packages openssl postgresql haproxy
work=$(mktemp -d /tmp/hosts.XXXXXX)
chmod a+rx "$work"
"$here/database/postgres.sh" "$work/postgres" 15434 >"$work/postgres.ready" &
rig=$!
trap 'trap "" EXIT; kill "$rig" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cargo test --locked --features full --test servers --no-run
until [ -s "$work/postgres.ready" ]; do
    kill -0 "$rig" 2>/dev/null || { echo "PostgreSQL did not start" >&2; exit 1; }
    sleep 0.1
done
export SERVERS_FOLDER=$work SERVERS_ROUNDS=${1:-10} SERVERS_RESTARTS=${2:-50}
SERVERS_POSTGRES=$(sed 's/^ready //' "$work/postgres.ready")
export SERVERS_POSTGRES
cargo test --locked --features full --test servers -- --nocapture --test-threads=1 outbox
