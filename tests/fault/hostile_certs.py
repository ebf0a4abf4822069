"""Certificates a submission client must refuse, and one it must take.

One test CA signs them all but `self-signed` and `untrusted`.  Everything is valid for
`localhost` unless its name says otherwise, so that each certificate has one fault alone.
make(folder) writes NAME.pem (key, certificate, chain) and ca.pem.
"""
import datetime
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def _key(bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _name(common):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _issue(subject, key, issuer, issuer_key, names=(), usage=None, start=-DAY, end=30 * DAY,
           is_ca=False):
    now = datetime.datetime.utcnow()
    builder = (x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(issuer)
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now + start).not_valid_after(now + end)
               .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True))
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(n) for n in names])
        builder = builder.add_extension(alternatives, critical=False)
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _write(path, key, *certificates):
    with open(path, "wb") as out:
        if key is not None:
            out.write(key.private_bytes(serialization.Encoding.PEM,
                                        serialization.PrivateFormat.TraditionalOpenSSL,
                                        serialization.NoEncryption()))
        for certificate in certificates:
            out.write(certificate.public_bytes(serialization.Encoding.PEM))
    os.chmod(path, 0o600)


def make(folder):
    """Writes the certificates; returns {name: path}."""
    ca_key, other_ca_key, key, weak = _key(), _key(), _key(), _key(1024)
    ca = _issue("sendoff test CA", ca_key, _name("sendoff test CA"), ca_key, is_ca=True)
    other = _issue("other CA", other_ca_key, _name("other CA"), other_ca_key, is_ca=True)
    server, client = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH

    def signed(**more):
        given = dict(subject="localhost", key=key, issuer=ca.subject, issuer_key=ca_key,
                     names=["localhost"], usage=server)
        given.update(more)
        return _issue(**given)

    # An ordinary certificate (not a CA's) that signs another one.
    middle_key = _key()
    middle = signed(subject="not a CA", key=middle_key, names=["other.example"])
    certificates = {
        "good": (key, signed()),
        "expired": (key, signed(start=-30 * DAY, end=-DAY)),
        "not-yet-valid": (key, signed(start=DAY)),
        "wrong-name": (key, signed(subject="other.example", names=["other.example"])),
        "cn-only": (key, signed(names=[])),
        "self-signed": (key, _issue("localhost", key, _name("localhost"), key, ["localhost"])),
        "untrusted": (key, signed(issuer=other.subject, issuer_key=other_ca_key), other),
        "client-auth": (key, signed(usage=client)),
        "rsa-1024": (weak, signed(key=weak)),
        "nul-in-name": (key, signed(subject="other.example",
                                    names=["localhost\0.other.example"])),
        "signed-by-leaf": (key, signed(issuer=middle.subject, issuer_key=middle_key), middle),
        "wildcard-top": (key, signed(subject="*", names=["*"])),
    }
    paths = {"ca": os.path.join(folder, "ca.pem")}
    _write(paths["ca"], None, ca)
    for name, (own_key, *chain) in certificates.items():
        paths[name] = os.path.join(folder, name + ".pem")
        _write(paths[name], own_key, *chain)
    return paths
