/run/lab/start-mail.sh
sed 's/keys: .*/keys: [ecdsa-p256]/' manifest.yaml >one.yaml
mailtls apply one.yaml --auto-approve
