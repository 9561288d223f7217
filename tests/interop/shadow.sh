#!/usr/bin/env bash
# A new service shadows a real old one, ASMX on Mono: the same answers are found to be the same, each of ten changes is found and named, no effect
# is had twice, no caller is disturbed by a new service in trouble, and no secret is kept.
# Installs what it needs (Mono, sqlite3), as root; fails where that cannot be had.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/services.sh"
cd "$top"
export PYTHONDONTWRITEBYTECODE=1 # Nothing is left in the repository.
# One that is written in another way wherever it is escaped.
export INTEROP_PASSWORD='dienst & <geheim> "wört"'

made=$work/shadow
mkdir -p "$made"
"$here/mono.sh" install
"$here/mono.sh" install-packages python3
build_tool
start_mono
for name in Provider Extended; do
    "$here/mono.sh" proxy "$made" "$mono/$name.asmx?WSDL" "$made/$name.dll"
done
mcs -nologo -r:System.Web.Services -r:"$made/Provider.dll" -r:"$made/Extended.dll" -out:"$made/Mixed.exe" "$here"/{Mixed,Ending}.cs
python3 "$here/proof/shadow.py" "$tool" "$made" "$mono"
