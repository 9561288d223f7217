#!/usr/bin/env bash
# The interoperability peers: a real ASMX service under Mono, a .NET client, and a Python zeep client. Needs Debian 12 or a relative of it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Mono knows no culture "C"; bash itself would warn about one that the machine lacks, so only Mono is given it.
mono_environment=(env LC_ALL=en_US.UTF-8)

usage() {
    cat >&2 <<'END'
usage: mono.sh install                                    install Mono and xsp4 (as root)
       mono.sh install-packages NAME…                    install those of these Debian packages that are missing (as root)
       mono.sh install-zeep DIR                           install Python zeep into DIR
       mono.sh build DIR                                  compile the service into DIR
       mono.sh serve DIR PORT                             serve it on 127.0.0.1:PORT until killed
       mono.sh proxy DIR WSDL OUT.dll [soap|soap12]       compile a .NET proxy from a WSDL's URL or file; its source stays in DIR
       mono.sh dotnet DIR BASE_URL 1.1|1.2 [diagnostics]  check the provider at BASE_URL with the .NET client
       mono.sh zeep DIR BASE_URL 1.1|1.2 [diagnostics]    the same with zeep
INTEROP_PASSWORD is the web service password, for the service and for the clients (default: s3cret).
END
    exit 2
}

die() {
    echo "mono.sh: $*" >&2
    exit 1
}

need() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null || die "$tool is missing: run 'mono.sh install' first"
    done
}

apt_install() {
    command -v apt-get >/dev/null || die "no apt-get here, so these Debian packages cannot be installed: $*"
    [ "$(id -u)" = 0 ] || die "installing $* needs root"
    for attempt in 1 2 3; do
        # RUNLEVEL=1 keeps mono-xsp4 from starting its own server on all addresses.
        if apt-get update && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
            apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@"; then
            return
        fi
        sleep $((attempt * 5))
    done
    die "apt-get could not install $* in three attempts"
}

install_packages() {
    dpkg-query -W -f '${db:Status-Status}\n' "$@" 2>/dev/null | grep -c '^installed$' | grep -qx $# || apt_install "$@"
}

install_mono() {
    # mono-xsp4 depends on all the rest: mono-devel has wsdl and sn, and depends on mono-mcs.
    if ! command -v mono >/dev/null || ! command -v mcs >/dev/null || ! command -v wsdl >/dev/null || ! command -v xsp4 >/dev/null; then
        apt_install mono-xsp4
    fi
    need mono mcs wsdl sn xsp4
}

install_zeep() {
    local dir=$1
    if "$dir/zeep/bin/python" -c 'import zeep' 2>/dev/null; then
        return
    fi
    python3 -c 'import venv, ensurepip' 2>/dev/null || apt_install python3 python3-venv
    python3 -m venv "$dir/zeep"
    "$dir/zeep/bin/pip" install --quiet --disable-pip-version-check --retries 5 zeep || die "pip could not install zeep"
}

build() {
    local dir=$1 assemblies=/usr/lib/mono/gac
    need mono mcs sn
    mkdir -p "$dir/site/bin" "$dir/site/other" "$dir/xsp" "$dir/tmp"
    mcs -nologo -target:library -r:System.Web,System.Web.Services -out:"$dir/site/bin/Providers.dll" \
        "$here"/{Provider,Types,Sample,Alteration,Diagnostics,Owner,Odd}.cs
    cp "$here/Web.config" "$dir/site/"
    local name
    for name in Provider Extended Renamed Owner; do
        echo "<%@ WebService Class=\"$name\" %>" >"$dir/site/$name.asmx"
    done
    for name in Provider Extended; do
        echo "<%@ WebService Class=\"Other.$name\" %>" >"$dir/site/other/$name.asmx"
        while read -r alteration; do
            mkdir -p "$dir/site/altered/$alteration"
            cp "$dir/site/$name.asmx" "$dir/site/altered/$alteration/"
        done < <(sed -n 's/^ *{ "\([a-z-]*\)", "[A-Za-z]*" },*$/\1/p' "$here/Alteration.cs")
    done
    mkdir -p "$dir/site/odd"
    for name in LoginFailureToAll PasswordForEach DirectoryDown OptionsFault; do
        echo "<%@ WebService Class=\"Odd.$name\" %>" >"$dir/site/odd/$name.asmx"
    done
    echo '<configuration><system.web><customErrors mode="Off" /></system.web></configuration>' >"$dir/site/odd/Web.config"

    # A private xsp4 beside the stand-in, which must carry the original's public key to be taken for it.
    cp "$assemblies"/xsp4/4.*/xsp4.exe "$assemblies"/Mono.WebServer2/*/Mono.WebServer2.dll "$dir/xsp/" ||
        die "xsp4 is not where mono-xsp4 puts it, below $assemblies"
    sn -q -e /usr/lib/mono/4.5/Mono.Security.dll "$dir/xsp/public.snk"
    mcs -nologo -target:library -delaysign+ -keyfile:"$dir/xsp/public.snk" -out:"$dir/xsp/Mono.Security.dll" "$here/MonoSecurity.cs"
}

serve() {
    local dir port=$2
    dir=$(cd "$1" 2>/dev/null && pwd) && [ -f "$dir/xsp/xsp4.exe" ] || die "$1 holds no build: run 'mono.sh build $1' first"
    need mono
    exec "${mono_environment[@]}" TMPDIR="$dir/tmp" MONO_PATH="$dir/xsp" mono "$dir/xsp/xsp4.exe" \
        --address 127.0.0.1 --port "$port" --applications "/:$dir/site" --nonstop
}

proxy() {
    local dir=$1 wsdl=$2 out=$3 protocol=${4:-soap} source said
    case $protocol in soap | soap12) ;; *) die "a proxy speaks soap or soap12, not '$protocol'" ;; esac
    need wsdl mcs
    mkdir -p "$dir"
    source=$dir/$(basename "$out" .dll).$protocol.cs
    rm -f "$source"
    # It may abort itself at its end, when all is written (Ending.cs).
    said=$("${mono_environment[@]}" wsdl -nologo -protocol:"${protocol^^}" -out:"$source" "$wsdl" 2>&1) ||
        { [ $? = 134 ] && [ -s "$source" ]; } ||
        die "wsdl could not make a proxy of $wsdl: ${said%%$'\n'*}"
    mcs -nologo -target:library -r:System.Web.Services -out:"$out" "$source"
}

dotnet() {
    local dir=$1 url=${2%/} version=$3 cases=$4 protocol=soap name
    [ "$version" = 1.1 ] || protocol=soap12
    # One folder for each set of cases, so that runs may overlap.
    dir=$dir/dotnet-$version-$cases
    mkdir -p "$dir"
    for name in Provider Extended; do
        proxy "$dir" "$url/$name.asmx?WSDL" "$dir/$name.dll" "$protocol"
    done
    mcs -nologo -r:System.Web.Services -r:"$dir/Provider.dll" -r:"$dir/Extended.dll" -out:"$dir/DotNetClient.exe" "$here"/{DotNetClient,Ending}.cs
    exec "${mono_environment[@]}" mono "$dir/DotNetClient.exe" "$here/cases.xml" "$url/" "$version" "$cases"
}

zeep() {
    local dir=$1 url=$2 version=$3 cases=$4
    [ -x "$dir/zeep/bin/python" ] || die "$dir holds no zeep: run 'mono.sh install-zeep $dir' first"
    exec "$dir/zeep/bin/python" "$here/zeep_client.py" "$here/cases.xml" "$url" "$version" "$cases"
}

client_arguments() {
    [ $# -ge 3 ] && [ $# -le 4 ] || usage
    case $3 in 1.1 | 1.2) ;; *) die "SOAP has the versions 1.1 and 1.2, not '$3'" ;; esac
    case ${4:-operations} in operations | diagnostics) ;; *) die "the cases are operations or diagnostics, not '$4'" ;; esac
}

command=${1:-}
shift || usage
case $command in
install) [ $# = 0 ] || usage; install_mono ;;
install-packages) [ $# != 0 ] || usage; install_packages "$@" ;;
install-zeep) [ $# = 1 ] || usage; install_zeep "$1" ;;
build) [ $# = 1 ] || usage; build "$1" ;;
serve) [ $# = 2 ] || usage; serve "$1" "$2" ;;
proxy) [ $# = 3 ] || [ $# = 4 ] || usage; proxy "$@" ;;
dotnet | zeep) client_arguments "$@"; "$command" "$1" "$2" "$3" "${4:-operations}" ;;
*) usage ;;
esac
