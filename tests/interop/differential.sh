#!/usr/bin/env bash
# Our XML reader held against .NET's (Mono) and libxml2 (lxml) on messages of the fixtures, changed in a few places. Fails where they differ
# in a way that differential.py does not list with the rule that decides it. Installs what it needs, as root.
# usage: differential.sh [DOCUMENTS]                 (12000)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/services.sh"
cd "$top"

"$here/mono.sh" install
# lxml comes with it.
"$here/mono.sh" install-zeep "$work"
export DIFFERENTIAL_FOLDER=$work/differential DIFFERENTIAL_COUNT=${1:-12000}
rm -rf "$DIFFERENTIAL_FOLDER"
mkdir "$DIFFERENTIAL_FOLDER"
cargo test --quiet --locked --features full --test interop -- differential::
mcs -nologo -r:System.Xml -out:"$DIFFERENTIAL_FOLDER/Differential.exe" "$here/Differential.cs"
LC_ALL=en_US.UTF-8 mono "$DIFFERENTIAL_FOLDER/Differential.exe" "$DIFFERENTIAL_FOLDER"
"$work/zeep/bin/python" "$here/differential.py" "$DIFFERENTIAL_FOLDER"
