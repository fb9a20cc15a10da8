cat >/etc/dovecot/local.conf <<'LINES'
local_name mail.mydomain.com {
  ssl_cert = </etc/dovecot/private/dovecot.pem
  ssl_key = </etc/dovecot/private/dovecot.key
}
LINES
/run/lab/start-mail.sh
