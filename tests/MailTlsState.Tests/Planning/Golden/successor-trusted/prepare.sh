/run/lab/start-mail.sh
# The next root was made and given to clients; now they have it.
sed 's/trusted: true/trusted: false/' manifest.yaml >waiting.yaml
mailtls apply waiting.yaml --auto-approve
