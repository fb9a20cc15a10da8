#!/bin/sh
# enable-sasl.sh [USER PASSWORD]
#   Inside a throwaway host, before or after start-mail.sh: makes a mail user (default: anna, apple-cider) who can log in to
#   Dovecot, and lets Postfix ask Dovecot for her password (smtpd_sasl_type = dovecot). Not stock: for tests that log in.
set -eu
user=${1:-anna} password=${2:-apple-cider}
id "$user" >/dev/null 2>&1 || useradd --create-home --shell /usr/sbin/nologin "$user"
# The distribution's Dovecot asks PAM; PAM needs the log socket or waits for it.
/run/lab/log.sh
echo "$user:$password" | chpasswd
cat >/etc/dovecot/conf.d/99-lab-sasl.conf <<END
service auth {
  unix_listener /var/spool/postfix/private/auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
END
postconf -e smtpd_sasl_type=dovecot smtpd_sasl_path=private/auth smtpd_sasl_auth_enable=yes
touch -d '1 minute ago' /etc/postfix/main.cf
/run/lab/reload.sh
