#!/usr/bin/env bash
# OpenLDAP's slapd with accounts in every state that it knows. Any user may run it; it is ready in about a second.
# usage: slapd.sh FOLDER [PORT [TLS-PORT]]          (1389 and 1636 on 127.0.0.1)
#
# Gives: base dc=example,dc=test with memberOf, password policies, lastbind; every password is Passw0rd-1 but that of pwuml.
#   uid=NAME,ou=people   ok wrong wrong2 wrong3 (three wrong passwords lock) locked disabled expired grace gracegone warn mustchange idle notyet
#                        ended nomail manymail nopassword pwuml müller odd(*)\,=+"<>#; ü; svc, the account that searches; limited, one
#                        with a size limit of 3; hash, lastfirst: under DNs with escapes; twin: two entries; unseen: svc cannot see it
#   ou=elsewhere         a referral inside ou=people, to where nobody listens
#   ou=groups            level1 < level2 < level3; cycle1 and cycle2 in each other; odd (*)
#   uid=NAME,ou=answers  found like others; the bind has a fixed answer, whatever the password: what AD (adCODE, ad-unknown, ad-signing),
#                        389 DS (ds-locked, ds-inactive, ds-expired) and broken servers say (busy … long, hang)
#   cn=admin             may do anything, admin-Passw0rd
# SLAPD_USE_LOCKOUT=no   a lock looks like a wrong password, OpenLDAP's default
# SLAPD_GLOBAL=…         lines for slapd.conf: "security simple_bind=128", "allow bind_anon_dn", "idletimeout 1", "disallow bind_anon"
. "$(dirname "${BASH_SOURCE[0]}")/../rig.sh"
[ $# -ge 1 ] || die "usage: slapd.sh FOLDER [PORT [TLS-PORT]]"
open_folder "$1" slapd slapadd slappasswd openssl ldapadd ldapwhoami
port=${2:-1389} tls_port=${3:-1636}
base=dc=example,dc=test
password=Passw0rd-1 umlauts='Pässwört-ß€'
admin=(-x -D "cn=admin,$base" -w admin-Passw0rd)

configuration() {
    local lockout=
    [ "${SLAPD_USE_LOCKOUT:-yes}" = no ] || lockout=ppolicy_use_lockout
    printf 'include /etc/ldap/schema/%s.schema\n' core cosine inetorgperson
    echo modulepath /usr/lib/ldap
    printf 'moduleload %s\n' back_mdb memberof ppolicy retcode
    cat <<END
pidfile $folder/slapd.pid
TLSCertificateFile $folder/server.pem
TLSCertificateKeyFile $folder/server.key
${SLAPD_GLOBAL:-}

# Fixed answers, in the same tree.
database mdb
suffix ou=answers,$base
subordinate
rootdn cn=admin,$base
directory $folder/answers
index objectClass,uid eq
access to attrs=userPassword by * none
access to * by * read
overlay retcode
retcode-parent ou=codes,ou=answers,$base
retcode-indir

database mdb
suffix $base
rootdn cn=admin,$base
rootpw admin-Passw0rd
directory $folder/people
lastbind on
index objectClass,uid,member,memberOf eq
access to attrs=userPassword by self write by anonymous auth by * none
access to dn.subtree=ou=hidden,$base by * none
access to * by users read by anonymous auth
limits dn.exact=uid=limited,ou=people,$base size=3
overlay memberof
memberof-dangling ignore
overlay ppolicy
ppolicy_default cn=default,ou=policies,$base
ppolicy_hash_cleartext
$lockout
END
}

at() { date -u -d "$1" +%Y%m%d%H%M%SZ; }
now=$(at now)
long_ago=$(at '-200 days')

policy() { # NAME ATTRIBUTE=VALUE…
    entry "cn=$1,ou=policies,$base" objectClass=device objectClass=pwdPolicy "cn=$1" pwdAttribute=userPassword "${@:2}"
}

# A person below ou=people, or at DN=…, with mail=UID@example.test unless mail=… is given, and userPassword= unless given.
person() { # UID CN [DN=…] [policy=NAME] [ATTRIBUTE=VALUE…]
    local dn="uid=$1,ou=people,$base" mail="mail=$1@example.test" secret="userPassword=$hash" more=() pair
    for pair in "${@:3}"; do
        case $pair in
        DN=*) dn=${pair#DN=},$base ;;
        policy=*) more+=("pwdPolicySubentry=cn=${pair#policy=},ou=policies,$base") ;;
        mail=*) mail=; [ "$pair" = mail= ] || more+=("$pair") ;;
        userPassword=*) secret=; [ "$pair" = userPassword= ] || more+=("$pair") ;;
        *) more+=("$pair") ;;
        esac
    done
    entry "$dn" objectClass=inetOrgPerson "uid=$1" "cn=$2" sn=Rig ${mail:+"$mail"} ${secret:+"$secret"} "${more[@]}"
}

# slapadd takes operational attributes as they are: what the years would have made of these accounts.
people() {
    entry "$base" objectClass=organization objectClass=dcObject o=Example dc=example
    for unit in people groups policies hidden; do
        entry "ou=$unit,$base" objectClass=organizationalUnit "ou=$unit"
    done
    entry "ou=odd\\, ou\\+x,$base" objectClass=organizationalUnit 'ou=odd, ou+x'
    policy default pwdLockout=TRUE pwdMaxFailure=3 pwdFailureCountInterval=600 pwdLockoutDuration=0 pwdMustChange=TRUE pwdAllowUserChange=TRUE
    policy expire pwdMaxAge=7776000 pwdGraceAuthNLimit=0
    policy grace pwdMaxAge=7776000 pwdGraceAuthNLimit=3
    policy warn pwdMaxAge=7776000 pwdExpireWarning=864000
    policy mustchange pwdMustChange=TRUE
    policy idle pwdLockout=TRUE pwdMaxIdle=2592000
    policy open pwdLockout=FALSE

    person svc 'Service account' mail= policy=open "pwdChangedTime=$now"
    person limited 'Service account with a limit' mail= policy=open "pwdChangedTime=$now"
    person ok 'Otto Okay' "pwdChangedTime=$now"
    person wrong 'Wanda Wrong'
    person wrong2 'Wilma Wrong'
    person wrong3 'Werner Wrong'
    person locked 'Lea Locked'
    person disabled 'Dora Disabled' pwdAccountLockedTime=000001010000Z
    person expired 'Egon Expired' policy=expire "pwdChangedTime=$long_ago"
    person grace 'Greta Grace' policy=grace "pwdChangedTime=$long_ago"
    person gracegone 'Gero Gracegone' policy=grace "pwdChangedTime=$long_ago" \
        "pwdGraceUseTime=$(at '-3 days')" "pwdGraceUseTime=$(at '-2 days')" "pwdGraceUseTime=$(at '-1 day')"
    person warn 'Willi Warn' policy=warn "pwdChangedTime=$(at '-85 days')"
    person mustchange 'Mona Mustchange' policy=mustchange pwdReset=TRUE "pwdChangedTime=$now"
    person idle 'Ida Idle' policy=idle "pwdChangedTime=$long_ago" "pwdLastSuccess=$(at '-100 days')"
    person notyet 'Nora Notyet' "pwdChangedTime=$now" "pwdStartTime=$(at '+1 year')"
    person ended 'Edgar Ended' "pwdChangedTime=$now" "pwdEndTime=$(at '-10 days')"
    person nomail 'Norbert Nomail' mail=
    person manymail 'Marta Manymail' mail=first@example.test mail=second@example.test
    person nopassword 'Nina Nopassword' userPassword=
    person pwuml 'Paula Umlaut' "userPassword=$(slappasswd -s "$umlauts")"
    person müller 'Jürgen Müller-Ærø' mail=mueller@example.test
    person 'odd(*)\,=+"<>#; ü' 'odd (*)\,=+"<>#; ü' mail=odd@example.test 'DN=uid=odd(*)\\\,\=\+\"\<\>\#\; ü,ou=people'
    person hash '#hash  ' 'DN=cn=\#hash \ ,ou=people'
    person lastfirst 'Last, First' 'DN=cn=Last\, First,ou=odd\2C ou\2Bx'
    person unseen 'Ulf Unseen' DN=uid=unseen,ou=hidden
    person twin 'Tina Twin'
    person twin 'Tina Twin the second' 'DN=uid=twin,ou=odd\2C ou\2Bx'
    entry "ou=elsewhere,ou=people,$base" objectClass=referral objectClass=extensibleObject ou=elsewhere ref=ldap://127.0.0.1:9/dc=other,dc=test
}

answer() { # NAME CODE [TEXT] [ATTRIBUTE=VALUE]
    entry "uid=$1,ou=answers,$base" objectClass=inetOrgPerson objectClass=errAuxObject "uid=$1" "cn=Answer $1" sn=Rig \
        "mail=$1@example.test" "userPassword=$hash" errOp=bind "errCode=$2" ${3:+"errText=$3"} ${4:+"$4"}
}

answers() {
    entry "ou=answers,$base" objectClass=organizationalUnit ou=answers
    local code
    for code in 57 525 52e 52f 530 531 532 533 568 701 773 775 80090346; do
        answer "ad$code" 49 "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data $code, v3839"
    done
    answer ad-unknown 49 '80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 999, v3839'
    answer ad-signing 8 '00002028: LdapErr: DSID-0C090202, comment: The server requires binds to turn on integrity checking if SSL\TLS are not already active on the connection, data 0, v2580'
    answer ds-locked 19 'Exceed password retry limit. Please try later.'
    answer ds-inactive 53 'Account inactivated. Contact system administrator.'
    answer ds-expired 49 'password expired!'
    local result
    for result in operations:1 timelimit:3 authmethod:7 admin:11 confidential:13 noobject:32 inappropriate:48 busy:51 unavailable:52 unwilling:53 other:80; do
        answer "${result%:*}" "${result#*:}"
    done
    answer crlf 49 $'one\r\nFAIL: two\e[31m ü'
    answer long 49 "$(printf 'x%.0s' $(seq 20000))"
    answer hang 80 slept errSleepTime=60
}

group() { # NAME MEMBER…
    entry "cn=$1,ou=groups,$base" objectClass=groupOfNames "cn=$1" "${@:2}"
}

# Over the wire, since only then the server writes memberOf.
nested_groups() {
    group level1 "member=uid=ok,ou=people,$base" "member=uid=müller,ou=people,$base" "member=cn=Last\\, First,ou=odd\\, ou\\+x,$base"
    group level2 "member=cn=level1,ou=groups,$base"
    group level3 "member=cn=level2,ou=groups,$base"
    group cycle1 "member=uid=ok,ou=people,$base" "member=cn=cycle2,ou=groups,$base"
    group cycle2 "member=cn=cycle1,ou=groups,$base"
    group 'odd (*)' "member=uid=ok,ou=people,$base"
}

certificate DNS:localhost,DNS:ldap.example.test,IP:127.0.0.1
configuration >"$folder/slapd.conf"
mkdir "$folder"/{people,answers}
hash=$(slappasswd -s "$password")
answers | slapadd -q -f "$folder/slapd.conf" -b "ou=answers,$base"
people | slapadd -q -f "$folder/slapd.conf" -b "$base"

serve slapd -d stats -f "$folder/slapd.conf" -h "ldap://127.0.0.1:$port/ ldaps://127.0.0.1:$tls_port/"
export LDAPTLS_CACERT=$folder/ca.pem LDAPCONF=/dev/null
url=ldaps://127.0.0.1:$tls_port
answered ldapwhoami -H "$url" "${admin[@]}"
nested_groups | ldapadd -H "$url" "${admin[@]}"
for attempt in 1 2 3; do
    ! ldapwhoami -x -H "$url" -D "uid=locked,ou=people,$base" -w "wrong-$attempt"
done
ready "url=$url plain=ldap://127.0.0.1:$port base=$base"
