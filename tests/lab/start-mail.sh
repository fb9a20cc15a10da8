#!/bin/sh
# start-mail.sh [PORT…]
#   Inside a throwaway host: starts syslog, Postfix and Dovecot as the distribution configures them, without systemd, and waits
#   until every PORT (default: the stock ones, 25 110 143 993 995) listens. What runs already is left alone.
#   Logs: /var/log/mail.log.
set -eu
[ $# -gt 0 ] || set -- 25 110 143 993 995
/run/lab/log.sh
# Every program that reads main.cf waits until it is two seconds old; the packages' own start never meets a file that young.
[ -n "$(find /etc/postfix/main.cf -mmin +1)" ] || touch -d '1 minute ago' /etc/postfix/main.cf
# The daemons keep their stderr for ever: not ours, or whoever reads it waits for ever.
start() {
    if ! "$@" </dev/null >/run/start.out 2>&1; then cat /run/start.out >&2; return 1; fi
}
if ! pgrep -x master >/dev/null; then start postfix start; fi
if ! pgrep -x dovecot >/dev/null; then start dovecot; fi
/run/lab/wait-ports.sh "$@"
