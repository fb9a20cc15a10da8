cat >>/etc/postfix/main.cf <<'LINES'
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = /etc/ssl/certs/other.pem
smtpd_tls_security_level = may
LINES
/run/lab/start-mail.sh
