#!/bin/sh
# wait-ports.sh PORT…
#   Inside a throwaway host: returns when every PORT listens, or fails after ten seconds and names the ones that do not.
set -eu
i=0
while :; do
    open=$(ss -Hltn | awk '{ n = split($4, a, ":"); printf " %s", a[n] } END { print " " }')
    missing=
    for p in "$@"; do case $open in *" $p "*) ;; *) missing="$missing $p" ;; esac; done
    [ -n "$missing" ] || exit 0
    i=$((i + 1))
    [ $i -lt 200 ] || { echo "nothing listens on port$missing" >&2; tail -n 20 /var/log/mail.log >&2 || :; exit 1; }
    sleep 0.05
done
