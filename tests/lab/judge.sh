#!/bin/sh
# judge.sh ROOT CHAIN KEY [CSR]
#   Inside a throwaway host on make-acme-root.sh's root: has other people's programs judge what mailtls wrote and what is served with it.
#   ROOT is the trusted root, CHAIN the file with the leaf first, KEY the one with its key (perhaps the same), CSR the request, if there was one.
#   OpenSSL, GnuTLS and Python read the files; OpenSSL, GnuTLS, Go, Python and curl speak with the ports. Prints a line a port:
#   `PORT TLS-VERSION SUITE SHA256-OF-THE-LEAF`, as Go saw it. The first complaint ends it with status 1.
set -eu
root=$1 chain=$2 key=$3 csr=${4:-} host=mail.mydomain.com
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What a command says is shown only when it fails.
must() { "$@" >"$work/out" 2>&1 </dev/null || { echo "judge.sh: $*: $?" >&2; cat "$work/out" >&2; exit 1; }; }
says() { grep -qE "$1" "$work/out" || { echo "judge.sh: no '$1' in:" >&2; cat "$work/out" >&2; exit 1; }; }

# The files.
must openssl verify -x509_strict -purpose sslserver -verify_hostname $host -CAfile "$root" -untrusted "$chain" "$chain"
must openssl verify -x509_strict -check_ss_sig -CAfile "$root" "$root"
must openssl pkey -in "$key" -check -noout; says 'Key is valid'
openssl x509 -in "$chain" -noout -pubkey >"$work/leaf.pub"
openssl pkey -in "$key" -pubout >"$work/key.pub"
must cmp "$work/leaf.pub" "$work/key.pub"
{ sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p' "$chain"; cat "$root"; } >"$work/whole.pem"
must certtool --verify-chain --infile "$work/whole.pem"; says 'Chain verification output: Verified'
must certtool --verify --load-ca-certificate "$root" --verify-hostname $host --verify-purpose 1.3.6.1.5.5.7.3.1 --infile "$chain"; says 'Verified. The certificate is trusted'
must certtool --key-info --infile "$key"; says 'Public Key Info|Key Security Level'
if [ -n "$csr" ]; then
    must openssl req -in "$csr" -verify -noout; says 'verify OK'
    must certtool --crq-info --infile "$csr"; says "DNSname: $host"; says 'Self signature: verified'
fi
must python3 /run/lab/judge.py "$root" "$chain" "$key" "$csr"

# The ports.
must openssl s_client -starttls smtp -connect $host:587 -verify_return_error -verify_hostname $host -x509_strict -CAfile "$root" -brief
must openssl s_client -starttls imap -connect $host:143 -verify_return_error -verify_hostname $host -x509_strict -CAfile "$root" -brief
must gnutls-cli --starttls-proto=smtp --port 587 --x509cafile "$root" --logfile "$work/gnutls" $host
must gnutls-cli --starttls-proto=imap --port 143 --x509cafile "$root" --logfile "$work/gnutls" $host
must curl -sS --ssl-reqd --cacert "$root" -X NOOP smtp://$host:587
must curl -sS --ssl-reqd --cacert "$root" -X NOOP imap://$host:143
must curl -sS --cacert "$root" -X NOOP smtps://$host:465
must curl -sS --cacert "$root" -X NOOP imaps://$host:993
go-client "$root" $host:25 $host:587 $host:465 $host:143 $host:993 $host:110 $host:995
