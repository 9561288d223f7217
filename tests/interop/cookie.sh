#!/usr/bin/env bash
# Login cookies, both ways, with the packages of npm that make and read them without .NET: what `cookie issue` makes they read, and
# what they make `cookie read` reads. Installs what it needs (nodejs and npm of Debian, as root; packages of npm).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/services.sh"
cd "$top"

made=$work/cookie
mkdir -p "$made"
command -v npm >/dev/null || "$here/mono.sh" install-packages nodejs npm
[ -x "$tool" ] || build_tool
# aspxauth counts dates with bignum, which builds on no current Node: nothing is built, and cookie.js stands in for it.
[ -d "$made/node_modules/aspxauth" ] || npm install --prefix "$made" --silent --no-audit --no-fund --ignore-scripts \
    aspnet-formsauthentication@0.0.6 aspxauth@1.1.2
NODE_PATH=$made/node_modules node --no-deprecation "$here/cookie.js" "$tool" "$made"
