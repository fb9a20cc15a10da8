/run/lab/start-mail.sh
mailtls apply manifest.yaml --auto-approve
rm /etc/pki/mailtls/ca/ca.key
