/run/lab/start-mail.sh
mailtls apply manifest.yaml --auto-approve
# A renewal by hand that nobody told the daemons of: another leaf for the same key.
cd /etc/pki/mailtls
openssl pkey -in mail.mydomain.com.pem -out /root/key.pem
openssl req -new -key /root/key.pem -subj /CN=mail.mydomain.com -out /root/request.pem
printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:mail.mydomain.com\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' >/root/extensions
openssl x509 -req -in /root/request.pem -CA ca/ca.pem -CAkey ca/ca.key -passin file:/root/mail-ca.pass -days 397 -sha256 \
    -set_serial 0x5f9a1c77d2e04b11 -extfile /root/extensions -out /root/leaf.pem
cat /root/key.pem /root/leaf.pem >mail.mydomain.com.pem
