/run/lab/start-mail.sh
sed 's/keys: .*/keys: [ecdsa-p256, rsa-2048]/' manifest.yaml >two.yaml
mailtls apply two.yaml --auto-approve
