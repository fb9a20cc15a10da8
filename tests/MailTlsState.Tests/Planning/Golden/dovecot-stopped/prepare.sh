/run/lab/start-mail.sh
doveadm stop
while pgrep -x dovecot; do sleep 0.05; done
