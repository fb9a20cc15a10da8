#!/bin/sh
# record-goldens.sh [CASE…]
#   Records the observations of the golden plans anew (default: all), each in a throwaway host of its own, where the case's
#   prepare.sh brings about the state. For when the observer asks a host something new. Then write the plans anew with
#   MAILTLS_UPDATE_GOLDEN=1 and read the difference.
#   Needs root; MAILTLS_BINARY (default: build-binary.sh) and MAILTLS_TEST_ROOT (default: make-root.sh) as the host tests do.
set -eu
lab=$(dirname "$(realpath "$0")")
goldens=$lab/../MailTlsState.Tests/Planning/Golden
binary=${MAILTLS_BINARY:-$(sh "$lab/build-binary.sh")}
root=${MAILTLS_TEST_ROOT:-$(sh "$lab/make-root.sh")}
[ $# -gt 0 ] || set -- $(cd "$goldens" && ls)
for case in "$@"; do
    folder=$goldens/$case
    BIND=$binary:usr/local/bin/mailtls:$folder:run/case sh "$lab/run-in-root.sh" "$root" sh -euc '
        umask 077
        printf "golden-raspberry-7\n" >/root/mail-ca.pass
        cp /run/case/manifest.yaml /root
        cd /root
        sh -eu /run/case/prepare.sh >&2
        mailtls observe manifest.yaml -o observation.json >&2
        cat observation.json' >"$folder/observation.json.new"
    mv "$folder/observation.json.new" "$folder/observation.json"
    echo "$case" >&2
done
