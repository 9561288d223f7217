# What the scripts below directory/ and database/ have in common; sourced by them. Each is a server from nothing: in a folder of its own,
# in the foreground, on loopback. It prints one line, "ready folder=… seconds=…" and more, once every account is in its state, and ends with status 0 on
# SIGTERM; then the folder can go. In the folder: rig.log, how it was made; server.log, what the server says; pid, its process;
# `again`, which starts it anew after it was killed; ca.pem, the authority of its certificate.
set -euo pipefail
PATH=$PATH:/usr/sbin
rig=$(basename "$0")
here=$(cd "$(dirname "$0")" && pwd)

die() {
    echo "$rig: $*" >&2
    exit 2
}

# usage: open_folder FOLDER PROGRAM… (those that it needs)
open_folder() {
    local program
    for program in "${@:2}"; do
        command -v "$program" >/dev/null || die "$program is missing; tests/interop/servers.sh installs it"
    done
    case $1 in *[[:space:]]*) die "the folder's name holds blanks: $1" ;; esac
    mkdir -p "$1"
    folder=$(cd "$1" && pwd)
    [ -z "$(ls -A "$folder")" ] || die "$folder is not empty"
    exec 3>&1 4>&2 >"$folder/rig.log" 2>&1
    trap 'exit 0' TERM INT
    trap 'close_folder $?' EXIT
}

close_folder() {
    trap '' TERM INT
    [ -z "${idle:-}" ] || kill "$idle"
    if [ -s "$folder/pid" ]; then
        local process
        process=$(<"$folder/pid")
        kill -TERM "$process" 2>/dev/null || true
        # One that hangs, or was stopped by a test, is not waited for.
        for _ in $(seq 30); do
            kill -0 "$process" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$process" 2>/dev/null || true
    fi
    [ "$1" = 0 ] || { echo "$rig: failed with $1:"; tail -n 10 "$folder/rig.log" "$folder/server.log" 2>/dev/null || true; } >&4
    exit "$1"
}

# An authority, and the server's certificate from it: server.pem, server.key.
# usage: certificate NAMES-AND-ADDRESSES (as openssl has them, DNS:…,IP:…)
certificate() {
    local new=(openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
    (
        umask 077
        cd "$folder"
        "${new[@]}" -x509 -days 30 -subj "/CN=Authority of $rig" -keyout ca.key -out ca.pem \
            -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
        "${new[@]}" -subj "/CN=$rig" -keyout server.key -out server.csr
        openssl x509 -req -in server.csr -days 30 -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem \
            -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "$1")
        chmod a+r ca.pem
    )
}

# Starts the server, so that it can be started again.
# usage: serve COMMAND…
serve() {
    printf '#!/bin/bash\necho $$ >%q\nexec %s </dev/null >>%q 2>&1\n' \
        "$folder/pid" "$(printf '%q ' "$@")" "$folder/server.log" >"$folder/again"
    chmod +x "$folder/again"
    : >"$folder/pid"
    "$folder/again" 4>&- &
    server=$!
}

# Waits until a command succeeds: a question that the server answers.
# usage: answered COMMAND…
answered() {
    local deadline=$((SECONDS + 60))
    until "$@"; do
        kill -0 "$server" || return 1
        [ "$SECONDS" -lt "$deadline" ] || { echo "no answer for a minute"; return 1; }
        sleep 0.1
    done
}

# Says what there is, and stays until SIGTERM, even when a test kills the server.
# usage: ready KEY=VALUE…
ready() {
    echo "ready folder=$folder seconds=$SECONDS $*" >&3
    exec 3>&-
    wait "$server" || true
    sleep infinity 4>&- &
    idle=$!
    wait "$idle"
}

# LDIF of one entry; Base64 where a value needs it.
# usage: entry DN ATTRIBUTE=VALUE…
entry() {
    local pair
    for pair in "dn=$1" "${@:2}"; do
        ldif_line "${pair%%=*}" "${pair#*=}"
    done
    echo
}

ldif_line() {
    local LC_ALL=C
    case $2 in
    '' | [\ :\<]* | *\  | *[!\ -~]*) printf '%s:: %s\n' "$1" "$(printf %s "$2" | base64 -w0)" ;;
    *) printf '%s: %s\n' "$1" "$2" ;;
    esac
}
