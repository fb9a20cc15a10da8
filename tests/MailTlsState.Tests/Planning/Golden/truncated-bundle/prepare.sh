/run/lab/start-mail.sh
mailtls apply manifest.yaml --auto-approve
cp -p /etc/pki/mailtls/mail.mydomain.com.pem /root/whole.pem
head -c 2400 /root/whole.pem >/etc/pki/mailtls/mail.mydomain.com.pem
