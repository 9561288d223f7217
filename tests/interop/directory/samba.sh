#!/usr/bin/env bash
# Samba as an Active Directory domain controller, LDAP alone, with accounts in every state that AD has a code for. Needs root (its ports are
# fixed: 389, 636, 3268, 3269); another loopback address keeps two apart.
# usage: samba.sh FOLDER [ADDRESS]                  (127.0.0.1)
#
# Gives: base DC=ad,DC=example,DC=test, domain ADEX; every password is Passw0rd-1 but that of pwuml, and Administrator's Adm1n-Passw0rd!
#   OU=Staff     ok wrong wrong2 wrong3 disabled expired pwexpired mustchange locked (4 wrong passwords lock) nohours workstation pso (a policy
#                of its own: 2) nomail pwuml "mü ller", each as CN=NAME Rig; odd(#)&ü whose CN is odd (*)\,=+"<>#; ü; lastfirst, whose CN
#                has a comma and whose userPrincipalName is alias@other.test; svc, the account that searches, with no rights of its own
#   OU=Groups    level1 < level2 < level3; cycle1 and cycle2 in each other; distribution; primary, the primary group of ok
# SAMBA_STRONG_AUTH=no   takes binds without TLS, as AD before Windows Server 2025
# Past the server: ldbsearch -H FOLDER/private/sam.ldb '(sAMAccountName=ok)' badPwdCount
. "$(dirname "${BASH_SOURCE[0]}")/../rig.sh"
[ $# -ge 1 ] || die "usage: samba.sh FOLDER [ADDRESS]"
[ "$(id -u)" = 0 ] || die "ports below 1024 need root"
open_folder "$1" samba samba-tool ldbadd ldbmodify ldbsearch openssl ldapsearch
address=${2:-127.0.0.1}
base=DC=ad,DC=example,DC=test
sam=$folder/private/sam.ldb
password=Passw0rd-1 umlauts='Pässwört-ß€'
# 100 nanoseconds since 1601: the first of January 2020.
long_ago=132223104000000000

provision() {
    : >"$folder/none.conf"
    samba-tool domain provision --configfile="$folder/none.conf" --targetdir="$folder" --quiet \
        --realm=AD.EXAMPLE.TEST --domain=ADEX --server-role=dc --dns-backend=SAMBA_INTERNAL \
        --host-name=dc1 --host-ip="$address" --adminpass='Adm1n-Passw0rd!' \
        --option="posix:eadb=$folder/eadb.tdb" --option='vfs objects=dfs_samba4 acl_xattr xattr_tdb' \
        --option="interfaces=$address/8" --option='bind interfaces only=yes'
}

# Every path of its own, so that the machine's Samba is not touched; neither Kerberos, DNS, RPC nor winbind.
configuration() {
    local key
    printf '[global]\n'
    printf '%s\n' 'realm=AD.EXAMPLE.TEST' 'workgroup=ADEX' 'netbios name=DC1' 'server role=active directory domain controller' \
        "interfaces=$address/8" 'bind interfaces only=yes' 'server services=ldap' 'dcerpc endpoint servers=' \
        "tls certfile=$folder/server.pem" "tls keyfile=$folder/server.key" "tls cafile=$folder/ca.pem" \
        "ldap server require strong auth=${SAMBA_STRONG_AUTH:-yes}" "posix:eadb=$folder/eadb.tdb" \
        'logging=file' "log file=$folder/samba.log" "private dir=$folder/private" "lock directory=$folder"
    for key in 'state directory' 'cache directory' 'pid directory' 'ncalrpc dir' 'ntp signd socket directory' 'winbindd socket directory' 'binddns dir'; do
        mkdir -p "$folder/${key// /-}"
        echo "$key=$folder/${key// /-}"
    done
}

# unicodePwd is the password in quotes, as UTF-16.
secret() {
    printf 'unicodePwd:: %s\n' "$(printf '"%s"' "$1" | iconv -t UTF-16LE | base64 -w0)"
}

# userAccountControl: 512 is an ordinary account, 2 more a disabled one.
person() { # NAME [DN=…] [PASSWORD=…] [ATTRIBUTE=VALUE…]
    local cn="CN=$1 Rig" secret=$password mail="mail=$1@example.test" principal="userPrincipalName=$1@ad.example.test" control=userAccountControl=512 more=() pair
    for pair in "${@:2}"; do
        case $pair in
        DN=*) cn=${pair#DN=} ;;
        PASSWORD=*) secret=${pair#PASSWORD=} ;;
        mail=*) mail=; [ "$pair" = mail= ] || more+=("$pair") ;;
        userPrincipalName=*) principal=$pair ;;
        userAccountControl=*) control=$pair ;;
        *) more+=("$pair") ;;
        esac
    done
    secret "$secret" | cat <(entry "$cn,OU=Staff,$base" objectClass=user "sAMAccountName=$1" "$principal" "$control" ${mail:+"$mail"} "${more[@]}" | sed '$d') -
    echo
}

group() { # NAME [ATTRIBUTE=VALUE…]
    entry "CN=$1,OU=Groups,$base" objectClass=group "sAMAccountName=$1" "${@:2}"
}

entries() {
    entry "OU=Staff,$base" objectClass=organizationalUnit
    entry "OU=Groups,$base" objectClass=organizationalUnit
    person svc mail=
    local name
    for name in ok wrong wrong2 wrong3 pwexpired locked nohours pso; do
        person "$name"
    done
    person disabled userAccountControl=514
    person expired "accountExpires=$long_ago"
    person mustchange pwdLastSet=0
    person workstation userWorkstations=OTHERPC
    person nomail mail=
    person 'mü ller' mail=mueller@example.test
    person pwuml "PASSWORD=$umlauts"
    # What RFC 4514 escapes is in the CN; sAMAccountName may not hold "/\[]:;|=,+*?<>
    person 'odd(#)&ü' 'DN=CN=odd (*)\\\,\=\+\"\<\>\#\; ü' 'displayName=odd (*)\,=+"<>#; ü' mail=odd@example.test
    person lastfirst 'DN=CN=Last\, First' 'displayName=Last, First' userPrincipalName=alias@other.test
    group level1 "member=CN=ok Rig,OU=Staff,$base" "member=CN=svc Rig,OU=Staff,$base"
    group level2 "member=CN=level1,OU=Groups,$base"
    group level3 "member=CN=level2,OU=Groups,$base"
    group cycle1 "member=CN=ok Rig,OU=Staff,$base"
    group cycle2 "member=CN=cycle1,OU=Groups,$base"
    group distribution groupType=2 "member=CN=ok Rig,OU=Staff,$base"
    group primary "member=CN=ok Rig,OU=Staff,$base"
    # Durations are negative, in 100 nanoseconds: half an hour, 42 days.
    entry "CN=strict,CN=Password Settings Container,CN=System,$base" objectClass=msDS-PasswordSettings msDS-PasswordSettingsPrecedence=1 \
        msDS-PasswordReversibleEncryptionEnabled=FALSE msDS-PasswordHistoryLength=0 msDS-PasswordComplexityEnabled=FALSE \
        msDS-MinimumPasswordLength=1 msDS-MinimumPasswordAge=0 msDS-MaximumPasswordAge=-36288000000000 msDS-LockoutThreshold=2 \
        msDS-LockoutObservationWindow=-18000000000 msDS-LockoutDuration=-18000000000 "msDS-PSOAppliesTo=CN=pso Rig,OU=Staff,$base"
}

# usage: change DN ATTRIBUTE=VALUE… (replaced)
change() {
    local pair
    echo "dn: $1"
    echo 'changetype: modify'
    for pair in "${@:2}"; do
        printf 'replace: %s\n%s: %s\n-\n' "${pair%%=*}" "${pair%%=*}" "${pair#*=}"
    done
    echo
}

asks() { # NAME PASSWORD
    ldapsearch -x -LLL -H "ldaps://$address" -D "$1@ad.example.test" -w "$2" -s base -b '' 1.1
}

certificate "DNS:dc1.ad.example.test,DNS:localhost,IP:127.0.0.1,IP:$address"
provision
configuration >"$folder/rig.conf"
change "$base" lockoutThreshold=4 lockoutDuration=-18000000000 lockOutObservationWindow=-18000000000 maxPwdAge=-36288000000000 \
    minPwdAge=0 minPwdLength=1 pwdHistoryLength=0 pwdProperties=0 | ldbmodify -H "$sam"
entries | ldbadd -H "$sam"
primary=$(ldbsearch -H "$sam" '(sAMAccountName=primary)' objectSid | sed -n 's/^objectSid: .*-//p')
{
    change "CN=cycle1,OU=Groups,$base" "member=CN=cycle2,OU=Groups,$base" | sed 's/^replace/add/'
    change "CN=ok Rig,OU=Staff,$base" "primaryGroupID=$primary"
    # 21 bytes, an hour of the week in each bit.
    change "CN=nohours Rig,OU=Staff,$base" 'logonHours=:AAAAAAAAAAAAAAAAAAAAAAAAAAAA' | sed 's/^logonHours: :/logonHours:: /'
} | ldbmodify -H "$sam"
# Nobody may set the day of a password's change, but this control of Samba's lets its tools do it.
change "CN=pwexpired Rig,OU=Staff,$base" "pwdLastSet=$long_ago" | ldbmodify -H "$sam" --controls=local_oid:1.3.6.1.4.1.7165.4.3.12:0

serve samba --configfile="$folder/rig.conf" --foreground --model=single --no-process-group
export LDAPTLS_CACERT=$folder/ca.pem LDAPCONF=/dev/null
answered asks ok "$password"
for attempt in 1 2 3 4; do
    ! asks locked "wrong-$attempt"
done
ready "url=ldaps://$address:636 plain=ldap://$address:389 catalogue=ldaps://$address:3269 base=$base"
