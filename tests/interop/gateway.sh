#!/usr/bin/env bash
# The gateway as others see it: a validator of OpenAPI takes its document, schemathesis finds no answer that the
# document does not allow, programs in Python and JavaScript log in through it, and the examples of its page run as
# they are printed. The provider behind it is the sample of this crate, or the service at INTEROP_URL
# (http://host:port), a C# service on Mono in run.sh.
# Needs curl, python3 with venv and node; installs them (Debian packages, as root) and packages of PyPI.
# usage: gateway.sh           all of it
#        gateway.sh programs  the programs and the page's examples alone
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/services.sh"
cd "$top"

made=$work/gateway
mkdir -p "$made"
"$here/mono.sh" install-packages curl python3-venv
command -v node >/dev/null || "$here/mono.sh" install-packages nodejs
[ -x "$tool" ] || build_tool

upstream=${INTEROP_URL:-}
if [ -z "$upstream" ]; then
    EXTERNAL_PROVIDERS_AUTH_PASSWORD=$INTEROP_PASSWORD start gateway-sample \
        's/^listening on \(http:[^ ]*\)\/Provider.asmx.*/\1/p' "$tool" serve --sample --listen 127.0.0.1:0
    upstream=$address
fi
(
    umask 077
    head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$made/token"
    {
        printf '[options]\nlogin = true\nregistration = true\ncustom_fields = true\nticket = true\n'
        printf 'live_chat = true\nuser_information = true\nevents = true\n'
        printf '[defaults]\nprovider = "external"\npassword_env = "INTEROP_PASSWORD"\n'
        printf 'url = "%s/Provider.asmx"\n' "${upstream%/}"
        printf '[login]\naccept_sign_on_cookies = true\ndefault_role = "registered"\n'
        printf 'forgot_password_url = "https://crm.example.com/forgot"\nremember = "1s"\n'
        for kind in registration user_information events; do
            printf '[%s]\nurl = "%s/Extended.asmx"\n' "$kind" "${upstream%/}"
        done
    } >"$made/settings.toml"
)
start gateway 's/^listening on \(http:[^ ]*\)\/,.*/\1/p' "$tool" gateway --settings "$made/settings.toml" \
    --token-file "$made/token" --listen 127.0.0.1:0
gateway=$service url=$address

# As the README prints them, but for the address, the files and the user.
readme=$(grep -E '^(python3|node) tests/examples/gateway\.' README.md)
[ "$(wc -l <<<"$readme")" = 2 ] || { echo "the README should have two programs" >&2; exit 1; }
while read -r command; do
    echo "== $command"
    for password in mypassword wrong; do
        (umask 077; printf '%s\n' "$password" >"$made/password")
        answer=$(eval "$(sed "s#http://127.0.0.1:8090#$url#; s# token # '$made/token' #; s# jane # myusername #
            s#< password#< '$made/password'#" <<<"$command")")
        echo "$answer"
        case $password in
        wrong) [ "$answer" = "refused: Login Failure" ] ;;
        *) [ "$answer" = "welcome, My Username (registered)" ] ;;
        esac || { echo "another answer was expected" >&2; exit 1; }
    done
done <<<"$readme"

echo "== the page's examples"
python3 "$here/page_examples.py" "$url/" "$made"

if [ "${1:-}" != programs ]; then
    [ -x "$made/python/bin/pip" ] || python3 -m venv "$made/python"
    "$made/python/bin/python" -c 'import schemathesis, openapi_spec_validator' 2>/dev/null ||
        "$made/python/bin/pip" install --quiet --disable-pip-version-check --retries 5 \
            openapi-spec-validator==0.9.0 schemathesis==4.32.5
    echo "== openapi-spec-validator"
    "$made/python/bin/python" - "$url/openapi.json" <<'END'
import json, sys, urllib.request
from openapi_spec_validator import OpenAPIV31SpecValidator
with urllib.request.urlopen(sys.argv[1]) as answer:
    document = json.load(answer)
OpenAPIV31SpecValidator(document).validate()
print(len(document["paths"]), "paths are valid")
END
    echo "== schemathesis"
    # The token goes by the environment, so that no process list has it.
    cat >"$made/schemathesis.toml" <<'END'
[auth.openapi.bearer]
bearer = "${GATEWAY_TOKEN}"
END
    # It keeps what it learns where it is started.
    (
        cd "$made"
        GATEWAY_TOKEN=$(cat token) timeout 300 python/bin/schemathesis --config-file schemathesis.toml \
            run "$url/openapi.json" --seed 20261126 --max-examples 50 --workers 1 --no-color
    )
fi

stop "$gateway" gateway
no_passwords "$work/gateway.calls.log"
if grep -qF "$(cat "$made/token")" "$work/gateway.calls.log" "$work/gateway.log"; then
    echo "the log holds the token" >&2
    exit 1
fi
echo "1 passed, 0 failed"
