#!/usr/bin/env bash
# NATS with JetStream, which keeps its streams in FOLDER. It needs no other user.
# usage: nats.sh FOLDER [PORT]                      (4223 on 127.0.0.1; with NATS_TLS=1 in the environment TLS alone, else plain)
#
# Gives: helpdesk, who may do anything; its password is Passw0rd-1. There is no stream yet.
. "$(dirname "${BASH_SOURCE[0]}")/rig.sh"
[ $# -ge 1 ] || die "usage: nats.sh FOLDER [PORT]"
open_folder "$1" nats-server openssl
port=${2:-4223}

certificate DNS:localhost,IP:127.0.0.1
cd "$folder"
umask 077
cat >nats.conf <<END
listen: "127.0.0.1:$port"
jetstream { store_dir: "$folder/data" }
authorization { user: helpdesk, password: "Passw0rd-1" }
END
[ -z "${NATS_TLS:-}" ] || cat >>nats.conf <<END
tls { cert_file: "$folder/server.pem", key_file: "$folder/server.key", timeout: 5 }
END
serve nats-server --config "$folder/nats.conf"
answered grep -q 'Server is ready' "$folder/server.log"
ready "host=127.0.0.1 port=$port"
