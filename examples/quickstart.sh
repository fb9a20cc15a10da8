#!/bin/bash
# quickstart.sh
#   Takes a stock Debian mail host from the distribution's defaults to the TLS state of article/manifest.yaml, breaks it three
#   times as administrators do, and repairs it. The host is a throwaway one: own root, mounts, processes, network. This
#   machine's /etc and mail services are never touched, and nothing is left behind but packages, the build and a cached root
#   (${MAILTLS_CACHE:-~/.cache/mailtlsstate}). Every step is checked; exit 0 only if all of them held.
#   MAILTLS_BINARY=file  (optional) use this mailtls instead of building one
set -u
export LC_ALL=C
here=$(dirname "$(realpath "$0")")
lab=$here/../tests/lab
began=$SECONDS

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null ||
    { [ -z "${MAILTLS_BINARY:-}" ] && ! command -v dotnet >/dev/null; }; then
    echo "quickstart.sh needs root on Debian or a system like it (apt-get), and the .NET 10 SDK (dotnet) on the PATH." >&2
    exit 1
fi

# ---- how it speaks -----------------------------------------------------------------------------------------------------------
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else bold='' dim='' red='' green='' plain=''; fi
section() { printf '\n%s== %s ==%s  %s(%d s)%s\n' "$bold" "$1" "$plain" "$dim" $((SECONDS - began)) "$plain"; }
note() { printf '\n%s\n' "$1"; }
held() { checks=$((checks + 1)); printf '%s  ok: %s%s\n' "$green" "$1" "$plain"; }
broken() { printf '%s  NOT SO: %s%s\n' "$red" "$1" "$plain"; exit 1; }
checks=0

# ---- the throwaway host ------------------------------------------------------------------------------------------------------
work=$(mktemp -d) || exit 1
pid='' hold='' root='' making=''
end_host() {
    if [ -n "$hold" ]; then exec {hold}>&-; hold=''; fi      # its first process reads from this pipe
    [ -n "$pid" ] || return 0
    local i
    for ((i = 0; i < 100; i++)); do
        [ -e "/proc/$pid/ns/pid" ] && readlink "/proc/$pid/ns/pid" >/dev/null 2>&1 || { pid=''; return 0; }
        [ $i != 50 ] || kill -KILL "$pid" 2>/dev/null
        sleep 0.1
    done
    return 1
}
clean_up() {
    local status=$?
    trap - EXIT
    if [ -n "$making" ]; then kill -- "-$making" 2>/dev/null; wait "$making" 2>/dev/null; fi
    end_host
    rm -rf "$work"
    [ $status = 0 ] || printf '\n%squickstart.sh stopped after %d s: see above. The throwaway host is gone.%s\n' "$red" $((SECONDS - began)) "$plain"
    exit $status
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

start_host() {
    export PIDFILE=$work/pid BIND=$binary:usr/local/bin/mailtls:$here/article/manifest.yaml:root/manifest.yaml
    exec {hold}> >(exec sh "$lab/run-in-root.sh" "$root" cat >/dev/null)
    unset PIDFILE BIND
    local i
    for ((i = 0; i < 100; i++)); do [ -s "$work/pid" ] && break; sleep 0.1; done
    pid=$(cat "$work/pid") && [ -n "$pid" ]
}
# Runs a command line in the host; output goes to a file first, so that a daemon it starts cannot hold this script.
in_host() {
    env -i HOME=/root LC_ALL=C NO_COLOR=1 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        nsenter -t "$pid" -a -r -w /bin/sh -c "cd /root; $1" </dev/null >"$work/out" 2>&1 {hold}>&-
}
# type STATUS COMMAND: shows and runs it, and expects that exit status (`fail` is any but 0).
type_() {
    local want=$1 status
    shift
    printf '\n%s%s%s\n' "$bold" "${prompt:-mail#} $1" "$plain"
    in_host "${wrap:-}$1"
    status=$?
    sed 's/^/    /' "$work/out"
    case $want:$status in
    fail:0) broken "exit status 0, expected a failure" ;;
    fail:*) held "exit status $status, as expected" ;;
    "$status:$status") held "exit status $status" ;;
    *) broken "exit status $status, expected $want" ;;
    esac
}
# The same as another machine on the network sees it.
client() { local prompt='client$' wrap='/run/lab/remote.sh '; type_ "$@"; }
says() { if grep -q -e "$1" "$work/out"; then held "it says \"$1\""; else broken "it does not say \"$1\""; fi; }
quietly() { in_host "$1" || { sed 's/^/    /' "$work/out"; broken "$1"; }; }
# A reload's own command returns before the daemons have taken it up: this one is waited for.
reloaded() { quietly '/run/lab/reload.sh'; }

strict='-CAfile /etc/pki/mailtls/ca/ca.pem -verify_return_error -verify_hostname mail.mydomain.com -brief </dev/null'
repaired_by_apply() {
    type_ 2 'mailtls plan manifest.yaml --detailed-exitcode'
    type_ 2 'mailtls verify manifest.yaml'
    type_ 0 'mailtls apply manifest.yaml --auto-approve'
    type_ 0 'mailtls verify manifest.yaml'
    type_ 0 'mailtls apply manifest.yaml --auto-approve'
    says 'No changes'
}

# ------------------------------------------------------------------------------------------------------------------------------
section 'Getting ready: packages, the native binary, a stock Debian 12 root'
sh "$lab/needs.sh" mmdebstrap iproute2 openssl procps util-linux || broken 'the packages could not be installed'
setsid sh "$lab/make-root.sh" >"$work/root" 2>"$work/root.log" </dev/null & making=$!   # meanwhile the binary is built
if [ -n "${MAILTLS_BINARY:-}" ]; then
    binary=$(realpath "$MAILTLS_BINARY")
else
    sh "$lab/needs.sh" 'clang|gcc' zlib1g-dev || broken 'the C toolchain could not be installed'
    binary=$(sh "$lab/build-binary.sh") || broken 'the build failed'
fi
wait "$making" || { cat "$work/root.log"; broken 'the root could not be made'; }
making=''
root=$(cat "$work/root")
printf '  binary  %s (%s)\n  root    %s\n' "$binary" "$("$binary" --version)" "$root"

section 'A stock mail host: Postfix and Dovecot as the distribution configures them'
start_host || broken 'the throwaway host did not start'
quietly '/run/lab/start-mail.sh'
quietly '(umask 077; openssl rand -base64 24 >mail-ca.pass)'
type_ 0 'hostname; postconf -h mail_version; dovecot --version'
type_ 0 'postconf -n | grep tls'
type_ 0 'doveconf -n | grep ssl'
note 'It serves the certificate that every Debian host makes for itself; no other machine trusts it, and 587 is closed:'
client fail 'openssl s_client -connect mail.mydomain.com:993 -CAfile /etc/ssl/certs/ca-certificates.crt -verify_return_error -verify_hostname mail.mydomain.com -brief </dev/null'
client fail 'openssl s_client -starttls smtp -connect mail.mydomain.com:587 -brief </dev/null'

section 'The plan: what would change, and nothing else'
type_ 0 'cat manifest.yaml'
type_ 2 'mailtls plan manifest.yaml --detailed-exitcode'
says 'Plan: '

section 'Apply: stage, rehearse, commit, and a handshake on every port'
type_ 0 'mailtls apply manifest.yaml --auto-approve'
type_ 0 'mailtls verify manifest.yaml'
type_ 0 'mailtls apply manifest.yaml --auto-approve'
says 'No changes'

section "The article's three tests, made strict: a bad chain, name or date fails them"
client 0 "openssl s_client -connect mail.mydomain.com:993 $strict"
client 0 "openssl s_client -starttls imap -connect mail.mydomain.com:143 $strict"
client 0 "openssl s_client -starttls smtp -connect mail.mydomain.com:587 $strict"

section 'First disaster: "cat mail.pem gd.crt > mail.pem"'
note 'The shell empties the file before cat reads it. Key and certificate are gone, and every command returns 0:'
quietly 'cp /etc/pki/mailtls/ca/ca.pem /root/gd.crt'
type_ 0 'cd /etc/pki/mailtls && cat mail.mydomain.com.pem /root/gd.crt > mail.mydomain.com.pem && postfix reload && doveadm reload'
reloaded
client fail "openssl s_client -starttls smtp -connect mail.mydomain.com:587 $strict"
repaired_by_apply
client 0 "openssl s_client -starttls smtp -connect mail.mydomain.com:587 $strict"

section 'Second disaster: a renewed certificate that was never loaded'
note 'Someone signs a new certificate by hand and puts it in place, without a reload. The file is right; what is served is not:'
quietly "cat >renew.sh <<'END'
cd /etc/pki/mailtls
umask 077
openssl pkey -in mail.mydomain.com.pem -out new.pem
openssl req -new -key new.pem -subj /CN=mail.mydomain.com -addext subjectAltName=DNS:mail.mydomain.com |
    openssl x509 -req -CA ca/ca.pem -CAkey ca/ca.key -passin file:/root/mail-ca.pass -days 397 -sha256 \\
        -copy_extensions copy -extfile /root/renew.ext >>new.pem
mv new.pem mail.mydomain.com.pem
END
cat >renew.ext <<'END'
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END"
type_ 0 'cat renew.sh; sh -e renew.sh'
quietly 'openssl x509 -in /etc/pki/mailtls/mail.mydomain.com.pem -noout -serial >disk
    openssl s_client -connect mail.mydomain.com:993 </dev/null 2>/dev/null | openssl x509 -noout -serial >wire; ! cmp -s disk wire'
held 'port 993 serves another certificate than the one on disk'
repaired_by_apply
quietly 'openssl s_client -connect mail.mydomain.com:993 </dev/null 2>/dev/null | openssl x509 -noout -serial | cmp - disk'
held 'port 993 serves the certificate that was renewed by hand'

section 'Third disaster: a later local_name block that serves another certificate'
quietly 'cat >>/etc/dovecot/dovecot.conf <<END
local_name mail.mydomain.com {
  ssl_cert = </etc/ssl/certs/ssl-cert-snakeoil.pem
  ssl_key = </etc/ssl/private/ssl-cert-snakeoil.key
}
END'
type_ 0 'tail -n 4 /etc/dovecot/dovecot.conf; doveadm reload'
reloaded
client fail "openssl s_client -connect mail.mydomain.com:993 $strict"
repaired_by_apply
client 0 "openssl s_client -connect mail.mydomain.com:993 $strict"

section 'Leaving no trace'
end_host || broken 'the throwaway host is still there'
if grep -q " $root" /proc/self/mountinfo; then broken 'a mount was left behind'; fi
held 'no process and no mount of the host is left'
printf '\n%s%d checks held in %d s.%s\n' "$green" "$checks" $((SECONDS - began)) "$plain"
