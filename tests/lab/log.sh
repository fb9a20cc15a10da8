#!/bin/sh
# log.sh
#   Inside a throwaway host: starts the distribution's syslog daemon if it does not run, so that the mail log is in
#   /var/log/mail.log and main.cf stays stock (Postfix without syslog would need maillog_file).
set -eu
pgrep -x rsyslogd >/dev/null && exit 0
# The stock configuration, without the kernel's log: that belongs to the machine outside.
sed '/imklog/d' /etc/rsyslog.conf >/run/rsyslog.conf
mkdir -p /var/spool/postfix/dev
rsyslogd -f /run/rsyslog.conf -i /run/rsyslogd.pid </dev/null >/run/rsyslog.out 2>&1 || { cat /run/rsyslog.out >&2; exit 1; }
i=0
while ! [ -S /dev/log ]; do
    i=$((i + 1)); [ $i -lt 200 ] || { echo "rsyslogd makes no /dev/log" >&2; exit 1; }
    sleep 0.02
done
