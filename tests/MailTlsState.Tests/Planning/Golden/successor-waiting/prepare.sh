/run/lab/start-mail.sh
mailtls apply manifest.yaml --auto-approve
