#!/bin/sh
# reload.sh
#   Inside a throwaway host: reloads Postfix and Dovecot, those that run, and returns when they have taken it up. Their own
#   commands return as soon as the master is told; until it acts, processes of before answer as before. Sessions have to be over:
#   an smtpd ends with its client. Dovecot's login processes take one client each, so that none of before waits for another.
set -eu
said() { grep -c -e "$1" /var/log/mail.log || :; }
# wait_for WHAT COMMAND…: until the command holds, ten seconds at most.
wait_for() {
    what=$1 i=0
    shift
    while ! "$@"; do
        i=$((i + 1)); [ $i -lt 200 ] || { echo "no end of waiting: $what" >&2; tail -n 20 /var/log/mail.log >&2; exit 1; }
        sleep 0.05
    done
}
said_again() { [ "$(said "$1")" -gt "$2" ]; }
gone() { for p in $1; do ! [ -e "/proc/$p" ] || return 1; done; }

if pgrep -x master >/dev/null; then
    # Every program that reads main.cf waits until it is two seconds old.
    [ -n "$(find /etc/postfix/main.cf -mmin +1)" ] || touch -d '1 minute ago' /etc/postfix/main.cf
    old=$(for program in smtpd postscreen tlsproxy; do pgrep -x $program || :; done)
    before=$(said 'reload -- version')
    postfix reload >/run/reload.out 2>&1 || { cat /run/reload.out >&2; exit 1; }
    wait_for 'Postfix reloads' said_again 'reload -- version' "$before"
    wait_for 'the smtpd of before end' gone "$old"
fi
if pgrep -x dovecot >/dev/null; then
    before=$(said 'SIGHUP received')
    doveadm reload
    wait_for 'Dovecot reloads' said_again 'SIGHUP received' "$before"
    # It says so when it begins; its master answers when it has ended, the sockets of other programs made anew.
    wait_for 'Dovecot answers' sh -c 'doveadm service status >/dev/null 2>&1'
fi
