#!/usr/bin/env bash
# Callers of other stacks: each is recorded with a real ASMX service on Mono, each recording answers all the others, and each calls our host.
# Providers of other stacks: each is called, and `check` must say of each what is true.
# A client is started as: CLIENT CALLS 1.1|1.2 BASE_URL…; it makes all calls (stacks/calls.py writes them) at each URL, and prints lines of
# URL, name of the call, and answer. Installs what it needs (Debian packages, PyPI, npm), as root; what cannot be had fails.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/services.sh"
cd "$top"

stacks=$here/stacks
made=$work/stacks
export NODE_PATH=$made/node_modules
java=/usr/share/java
jaxws=$java/jaxws-rt.jar:$java/jaxws-api.jar:$java/jaxb-api.jar:$java/jws-api.jar
axis=$java/axis.jar:$java/axis-jaxrpc.jar:$java/axis-saaj.jar:$java/commons-discovery.jar:$java/commons-logging.jar:$java/wsdl4j.jar
all=(dotnet wcf zeep php soap-lite node-soap strong-soap easy-soap jax-ws gsoap suds soap4r axis)

versions() {
    case $1 in suds | soap4r | axis) echo 1.1 ;; *) echo 1.1 1.2 ;; esac
}

install() {
    "$here/mono.sh" install
    "$here/mono.sh" install-packages curl gcc php-cli php-soap libsoap-lite-perl ruby-soap4r libaxis-java jaxws gsoap libgsoap-dev python3-venv
    command -v javac >/dev/null || "$here/mono.sh" install-packages default-jdk-headless
    command -v npm >/dev/null || "$here/mono.sh" install-packages nodejs npm
    node -e '["soap", "strong-soap", "easy-soap-request"].forEach(require)' 2>/dev/null ||
        npm install --prefix "$made" --silent --no-audit --no-fund soap@1.13.0 strong-soap@5.0.10 easy-soap-request@5.21.0
    [ -x "$made/python/bin/pip" ] || python3 -m venv "$made/python"
    "$made/python/bin/python" -c 'import zeep, suds, spyne, lxml' 2>/dev/null ||
        "$made/python/bin/pip" install --quiet --disable-pip-version-check --retries 5 zeep==4.3.3 suds==1.2.0 spyne==2.14.0 lxml
}

# Proxies of what generates them, from the WSDLs of the service at $1.
generate() {
    local name
    mkdir -p "$made"/{dotnet,jaxws,axis,gsoap}
    for name in Provider Extended; do
        "$here/mono.sh" proxy "$made/dotnet" "$1/$name.asmx?WSDL" "$made/dotnet/${name}1.1.dll" soap
        "$here/mono.sh" proxy "$made/dotnet" "$1/$name.asmx?WSDL" "$made/dotnet/${name}1.2.dll" soap12
        wsimport -quiet -extension -Xnocompile -d "$made/jaxws" -p "${name,,}" "$1/$name.asmx?WSDL"
        java -cp "$axis" org.apache.axis.wsdl.WSDL2Java -p "${name,,}" -o "$made/axis" "$1/$name.asmx?WSDL" 2>/dev/null
    done
    mcs -nologo -r:System.Web.Services -out:"$made/dotnet/DotNet.exe" "$stacks/DotNet.cs" "$here/Ending.cs"
    mcs -nologo -r:System.ServiceModel,System.Runtime.Serialization -out:"$made/Wcf.exe" "$stacks/Wcf.cs" "$here/Ending.cs"
    javac -nowarn -Xlint:none -XDsuppressNotes -cp "$jaxws" -d "$made/jaxws" "$made"/jaxws/*/*.java "$stacks/JaxWs.java"
    javac -nowarn -Xlint:none -XDsuppressNotes -cp "$jaxws" -d "$made/jaxws" "$stacks/JaxWsProvider.java"
    wsgen -cp "$made/jaxws:$jaxws" -d "$made/jaxws" provider.JaxWsProvider
    javac -nowarn -Xlint:none -XDsuppressNotes -cp "$axis" -d "$made/axis" "$made"/axis/*/*.java "$stacks/Axis.java"
    (
        cd "$made/gsoap"
        wsdl2h -c -o providers.h "$1/Provider.asmx?WSDL" "$1/Extended.asmx?WSDL" >/dev/null 2>&1
        soapcpp2 -c -C -L -x providers.h >/dev/null 2>&1
        gcc -w -I. -o gsoap "$stacks/gsoap.c" soapC.c soapClient.c -lgsoap
    )
}

# Adds what a client prints to its answers; what it says beside that is kept, too.
client() {
    local stack=$1 run
    case $stack in
    dotnet) run=(env LC_ALL=en_US.UTF-8 mono "$made/dotnet/DotNet.exe") ;;
    wcf) run=(env LC_ALL=en_US.UTF-8 mono "$made/Wcf.exe") ;;
    zeep | suds) run=("$made/python/bin/python" "$stacks/python_$stack.py") ;;
    php) run=(php "$stacks/client.php") ;;
    soap-lite) run=(perl "$stacks/client.pl") ;;
    soap4r) run=(ruby -W0 "$stacks/client.rb") ;;
    node-soap | strong-soap | easy-soap) run=(node "$stacks/${stack//-/_}.js") ;;
    jax-ws) run=(java -cp "$made/jaxws:$jaxws" JaxWs) ;;
    axis) run=(java -cp "$made/axis:$axis" Axis) ;;
    gsoap) run=("$made/gsoap/gsoap") ;;
    esac
    "${run[@]}" "$made/calls.tsv" "${@:2}" 2>>"$made/said/$stack" || { cat "$made/said/$stack" >&2; return 1; }
}

mkdir -p "$made"
install
build_tool
start_mono
generate "$mono"
python3 "$stacks/calls.py" "$here/cases.xml" >"$made/calls.tsv"
rm -rf "$made"/{recorded,answers,said}
mkdir "$made"/{recorded,answers,said}
listening='s/^listening on \(http:[^ ,]*\).*/\1/p'

for stack in "${all[@]}"; do
    start record "$listening" "$tool" record --upstream "$mono" --listen 127.0.0.1:0 --out "$made/recorded/$stack"
    # Not every client reads the WSDL, and those that do want it from each recording.
    curl -sSf -o /dev/null -o /dev/null "$address/Provider.asmx?WSDL" "$address/Extended.asmx?WSDL"
    for version in $(versions "$stack"); do
        client "$stack" "$version" "$address" | sed "s,^$address\t,$mono\t," >"$made/answers/$stack-$version"
    done
    stop "$service" record
done
no_passwords "$made/recorded"

EXTERNAL_PROVIDERS_AUTH_PASSWORD=$INTEROP_PASSWORD start host 's/^listening on \(http:[^ ]*\)\/Provider.asmx.*/\1/p' \
    "$tool" serve --sample --diagnostics --listen 127.0.0.1:0
build_gsoap "$made/gsoap-provider" "$address"
named=("mono=$mono" "host=$address")
urls=("$address")
urls12=("$address")
for stack in "${all[@]}"; do
    start "replay-$stack" "$listening" "$tool" serve --fixtures "$made/recorded/$stack" --listen 127.0.0.1:0
    named+=("$stack=$address")
    urls+=("$address")
    [ "$(versions "$stack")" = 1.1 ] || urls12+=("$address")
done
for stack in "${all[@]}"; do
    for version in $(versions "$stack"); do
        [ "$version" = 1.1 ] && at=("${urls[@]}") || at=("${urls12[@]}")
        client "$stack" "$version" "${at[@]}" >>"$made/answers/$stack-$version"
    done
done
python3 "$stacks/matrix.py" "$made/calls.tsv" "$made/answers" "${named[@]}"

# The providers of other stacks, but for WCF: on Mono it ends when a caller hangs up. PHP says on standard error where it listens.
named=()
provider() {
    start "provider-$1" 's/.*\(http:[^ )]*\).*/\1/p' "${@:2}"
    named+=("$1=$address")
}
export INTEROP_WSDL=$top/wsdl/login.wsdl
provider spyne "$made/python/bin/python" "$stacks/provider_spyne.py"
provider node-soap node "$stacks/provider.js" "$INTEROP_WSDL"
provider php bash -c 'exec php -S 127.0.0.1:0 "$1" 2>&1' php "$stacks/provider.php"
provider gsoap "$made/gsoap-provider/provider" "$made/gsoap-provider/provider.wsdl"
provider jax-ws java -cp "$made/jaxws:$jaxws" provider.JaxWsProvider
python3 "$stacks/providers.py" "$tool" "${named[@]}"
