#!/usr/bin/env bash
# The whole way of single sign-on in a browser: a help desk that wants a cookie sends headless Chromium to the login page,
# which sends it back with a ticket that `cookie read` reads for the help desk. By keyboard alone, in light and dark, on a
# narrow screen and with large letters. Screenshots go to the folder LOGIN_PAGE_SCREENSHOTS, if that is set.
# Needs chromium, chromium-driver, python3-selenium and openssl; installs them (Debian packages, as root).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/services.sh"
cd "$top"
export PYTHONDONTWRITEBYTECODE=1 # Nothing is left in the repository.

made=$work/login-page
rm -rf "$made"
mkdir -p "$made"
"$here/mono.sh" install-packages chromium chromium-driver python3 python3-selenium openssl
[ -x "$tool" ] || build_tool

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=example.com \
    -addext subjectAltName=DNS:*.example.com -keyout "$made/key.pem" -out "$made/cert.pem" 2>"$made/openssl.log"
# Debian's own, for which its packages are.
/usr/bin/python3 "$here/proof/login_page.py" "$tool" "$made"
