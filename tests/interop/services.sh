# Starting and stopping services; sourced by the scripts beside it. Sets: top, here, work, tool.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
work=${INTEROP_DIR:-$top/target/interop}
tool=${CARGO_TARGET_DIR:-$top/target}/debug/external-providers
export INTEROP_PASSWORD=${INTEROP_PASSWORD:-s3cret}
mkdir -p "$work"

services=()
trap 'kill "${services[@]}" 2>/dev/null || true' EXIT

# Builds the tool of what the tests were built of: with one of them, cargo takes the same features of all dependencies, and compiles none again.
build_tool() {
    cargo build --locked --features full --bins --test growth
}

# Starts a command in the background, waits until its log says where it listens, and puts that into
# `address`, its process into `service`.
# usage: start NAME SED-EXPRESSION COMMAND…
start() {
    local log=$work/$1.log
    : >"$log" # An earlier service's address is not read from it.
    "${@:3}" >"$log" 2>"$work/$1.calls.log" &
    service=$!
    services+=("$service")
    for _ in $(seq 150); do
        address=$(sed -n "$2" "$log" | head -n 1)
        [ -z "$address" ] || return 0
        kill -0 "$service" 2>/dev/null || break
        sleep 0.2
    done
    echo "$1 did not start:" >&2
    cat "$log" "$work/$1.calls.log" >&2
    return 1
}

# Stops a service of ours in order; fails if it says that something was wrong.
# usage: stop PROCESS NAME
stop() {
    local code=0
    kill "$1"
    wait "$1" || code=$?
    tail -n 1 "$work/$2.log"
    [ "$code" = 0 ] || { echo "$2 ended with $code:" >&2; cat "$work/$2.log" "$work/$2.calls.log" >&2; return 1; }
}

start_mono() {
    "$here/mono.sh" build "$work"
    start mono 's/.*Listening on port: \([0-9]*\).*/\1/p' "$here/mono.sh" serve "$work" 0
    mono=http://127.0.0.1:$address
}

# Fails if a file below one of these holds a password of the sample.
# usage: no_passwords PATH…
no_passwords() {
    if grep -rFl -e "$INTEROP_PASSWORD" -e mypassword "$@"; then
        echo "these hold a password" >&2
        return 1
    fi
}

# Compiles the provider of gSOAP into DIR, with stubs made of the WSDL at an address of our host's.
# usage: build_gsoap DIR ADDRESS
build_gsoap() (
    mkdir -p "$1"
    cd "$1"
    curl -sSf -o provider.wsdl "$2/Provider.asmx?WSDL"
    wsdl2h -c -o providers.h provider.wsdl >/dev/null 2>&1
    soapcpp2 -c -S -L -x providers.h >/dev/null 2>&1
    gcc -w -I. -o provider "$here/stacks/provider_gsoap.c" soapC.c soapServer.c -lgsoap -lpthread
)
