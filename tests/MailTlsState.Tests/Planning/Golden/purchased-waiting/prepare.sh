/run/lab/start-mail.sh
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout their.key -out their-root.pem -days 3650 -subj '/CN=Their Root' 2>/dev/null
# Key and request are made; the CA has not answered yet.
mailtls apply manifest.yaml --auto-approve
