# judge.py ROOT CHAIN KEY CSR
#   Python's view of what mailtls wrote (cryptography reads the files) and serves (ssl, by smtplib and imaplib). CSR may be empty.
import hashlib, imaplib, re, smtplib, ssl, sys
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

root, chain, key, csr = sys.argv[1:]
host = "mail.mydomain.com"
spki = lambda k: k.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
blocks = lambda path, label: re.findall(rb"-----BEGIN %s-----.*?-----END %s-----\n" % (label, label), open(path, "rb").read(), re.S)

leaf, *others = [x509.load_pem_x509_certificate(b) for b in blocks(chain, b"CERTIFICATE")]
authority = x509.load_pem_x509_certificate(open(root, "rb").read())
private = serialization.load_pem_private_key(blocks(key, b"PRIVATE KEY")[0], None)
assert spki(private.public_key()) == spki(leaf.public_key())
assert host in leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
for one, issuer in zip([leaf, *others], [*others, authority]):
    assert one.issuer == issuer.subject
    public = issuer.public_key()
    how = [ec.ECDSA(one.signature_hash_algorithm)] if isinstance(public, ec.EllipticCurvePublicKey) else [padding.PKCS1v15(), one.signature_hash_algorithm]
    public.verify(one.signature, one.tbs_certificate_bytes, *how)
if csr:
    request = x509.load_pem_x509_csr(open(csr, "rb").read())
    assert request.is_signature_valid and spki(request.public_key()) == spki(leaf.public_key())

# A server of Python's own would take the pair, and its clients take what is served.
ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key)
context = ssl.create_default_context(cafile=root)
context.verify_flags |= ssl.VERIFY_X509_STRICT
wanted = hashlib.sha256(leaf.public_bytes(serialization.Encoding.DER)).digest()
with smtplib.SMTP(host, 587) as smtp:
    smtp.starttls(context=context)
    assert hashlib.sha256(smtp.sock.getpeercert(True)).digest() == wanted
with imaplib.IMAP4(host, 143) as imap:
    imap.starttls(context)
    assert hashlib.sha256(imap.sock.getpeercert(True)).digest() == wanted
