#!/usr/bin/env bash
# MariaDB with the database billing (mariadb.sql). As root it runs as the package's user mysql, which must reach FOLDER.
# usage: mariadb.sh FOLDER [PORT]                   (3307 on 127.0.0.1, TLS and plain)
#
# Gives: helpdesk, who may read and write; reader, who may read; root, who may do anything; every password is Passw0rd-1.
. "$(dirname "${BASH_SOURCE[0]}")/../rig.sh"
[ $# -ge 1 ] || die "usage: mariadb.sh FOLDER [PORT]"
open_folder "$1" mariadbd mariadb-install-db mariadb openssl
port=${2:-3307}
as=()
if [ "$(id -u)" = 0 ]; then
    as=(setpriv --reuid=mysql --regid=mysql --clear-groups --reset-env env "PATH=$PATH")
    chown mysql: "$folder"
fi

certificate DNS:localhost,IP:127.0.0.1
[ -z "${as[*]}" ] || chown mysql: "$folder"/server.*
cd "$folder"
"${as[@]}" mariadb-install-db --no-defaults --datadir="$folder/data" --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve
touch server.log
chmod a+w server.log
# Nothing here has to outlive the machine. (What a killed server wrote is there all the same.)
serve "${as[@]}" mariadbd --no-defaults --datadir="$folder/data" --bind-address=127.0.0.1 --port="$port" --socket="$folder/socket" \
    --pid-file="$folder/mariadb.pid" --innodb-flush-log-at-trx-commit=2 --innodb-log-file-size=8M --character-set-server=utf8mb4 \
    --ssl-cert="$folder/server.pem" --ssl-key="$folder/server.key" --skip-name-resolve \
    --general-log --general-log-file="$folder/statements.log"
sql=(mariadb --no-defaults --user=root --socket="$folder/socket" --default-character-set=utf8mb4)
answered "${sql[@]}" --execute='select 1'
"${sql[@]}" --execute='create database billing'
"${sql[@]}" billing <"$here/mariadb.sql"
ready "host=127.0.0.1 port=$port database=billing"
