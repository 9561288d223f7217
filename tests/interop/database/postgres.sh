#!/usr/bin/env bash
# PostgreSQL with the database billing (postgres.sql). As root it runs as the package's user postgres, which must reach FOLDER.
# usage: postgres.sh FOLDER [PORT]                  (5433 on 127.0.0.1, TLS and plain)
#
# Gives: helpdesk, who may read and write; reader, who may read; postgres, who may do anything; every password is Passw0rd-1.
. "$(dirname "${BASH_SOURCE[0]}")/../rig.sh"
[ $# -ge 1 ] || die "usage: postgres.sh FOLDER [PORT]"
# Debian keeps these in a folder for each version.
PATH=$(printf '%s:' /usr/lib/postgresql/*/bin)$PATH
open_folder "$1" postgres initdb psql openssl
port=${2:-5433}
as=()
if [ "$(id -u)" = 0 ]; then
    as=(setpriv --reuid=postgres --regid=postgres --clear-groups --reset-env env "PATH=$PATH")
    chown postgres: "$folder"
fi

certificate DNS:localhost,IP:127.0.0.1
[ -z "${as[*]}" ] || chown postgres: "$folder"/server.*
cd "$folder"
echo Passw0rd-1 >"$folder/password"
"${as[@]}" initdb --pgdata="$folder/data" --username=postgres --encoding=UTF8 --no-locale --no-sync --auth=scram-sha-256 \
    --pwfile="$folder/password"
touch server.log
chmod a+w server.log
# Nothing here has to outlive the machine. (What a killed server wrote is there all the same.)
serve "${as[@]}" postgres -D "$folder/data" -c listen_addresses=127.0.0.1 -c "port=$port" -c unix_socket_directories= -c fsync=off \
    -c ssl=on -c "ssl_cert_file=$folder/server.pem" -c "ssl_key_file=$folder/server.key" -c log_connections=on -c log_statement=all
export PGPASSWORD=Passw0rd-1 PGSSLROOTCERT=$folder/ca.pem PGSSLMODE=verify-full
sql=(psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --host=127.0.0.1 --port="$port" --username=postgres)
answered "${sql[@]}" --command='select 1' postgres
"${sql[@]}" --command='create database billing' postgres
"${sql[@]}" --file="$here/postgres.sql" billing
ready "host=127.0.0.1 port=$port database=billing"
