/run/lab/start-mail.sh
