#!/usr/bin/env bash
# The conformance kit against services that are right: ASMX on Mono, our host, gSOAP, spyne and a small one in Python; against one with
# faults, each of which the right cases must name; and against those that answer oddly, as real ones do.
# Installs what it needs (Debian packages, PyPI), as root; fails where that cannot be had.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/services.sh"
cd "$top"
export PYTHONDONTWRITEBYTECODE=1 # Nothing is left in the repository.
# One that is written in another way wherever it is escaped, and that not every charset holds.
export INTEROP_PASSWORD='dienst & <geheim> "wört"'

made=$work/conform
mkdir -p "$made"
"$here/mono.sh" install
"$here/mono.sh" install-packages curl gcc gsoap libgsoap-dev python3-venv
[ -x "$made/python/bin/pip" ] || python3 -m venv "$made/python"
"$made/python/bin/python" -c 'import spyne, lxml' 2>/dev/null ||
    "$made/python/bin/pip" install --quiet --disable-pip-version-check --retries 5 spyne==2.14.0 lxml
build_tool

start_mono
EXTERNAL_PROVIDERS_AUTH_PASSWORD=$INTEROP_PASSWORD start host 's/^listening on \(http:[^ ]*\)\/Provider.asmx.*/\1/p' \
    "$tool" serve --sample --listen 127.0.0.1:0
host=$address
build_gsoap "$made/gsoap" "$host"
listening='s/^listening on \(http:[^ ]*\).*/\1/p'
start gsoap "$listening" "$made/gsoap/provider" "$made/gsoap/provider.wsdl"
gsoap=$address
start spyne "$listening" "$made/python/bin/python" "$here/stacks/provider_spyne.py"
spyne=$address
start wrong "$listening" python3 "$here/proof/wrong.py"
python3 "$here/proof/conform.py" "$tool" "$made" "mono=$mono" "host=$host" "gsoap=$gsoap" "spyne=$spyne" "wrong=$address"
