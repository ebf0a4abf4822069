"""A certificate authority that lives as long as a test, and the leaves tests want.

good: for the names asked for.  wrong-name: for another host.  expired and future: outside
their time.  self-signed: right names, no authority behind it.
"""

import datetime
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

KINDS = ("good", "wrong-name", "expired", "future", "self-signed")
DAY = datetime.timedelta(days=1)


def _name(common_name):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "sendoff tests"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _alternative(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(subject, issuer, key, start, end):
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


def _write(path, *parts):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as file:
        for part in parts:
            file.write(part)
    return str(path)


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


class Authority:
    """Its own certificate stands in `path`; issue() gives the path of a PEM with
    key and certificate, in that order (Postfix wants the key first)."""

    def __init__(self, folder, common_name="sendoff test authority"):
        self.folder = str(folder)
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = _name(common_name)
        now = datetime.datetime.utcnow()
        certificate = (
            _builder(self._subject, self._subject, self._key, now - 30 * DAY, now + 30 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        self._certificate = certificate
        self.path = _write(os.path.join(self.folder, "ca.pem"), _pem(certificate))

    def issue(self, names, kind="good"):
        if kind not in KINDS:
            raise ValueError(f"no such kind of certificate: {kind}")
        if kind == "wrong-name":
            names = ["mail.elsewhere.example"]
        now = datetime.datetime.utcnow()
        start, end = now - DAY, now + 10 * DAY
        if kind == "expired":
            start, end = now - 20 * DAY, now - DAY
        elif kind == "future":
            start, end = now + DAY, now + 10 * DAY
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(names[0])
        own = kind == "self-signed"
        certificate = (
            _builder(subject, subject if own else self._subject, key, start, end)
            .add_extension(x509.SubjectAlternativeName(map(_alternative, names)), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
            )
            .sign(key if own else self._key, hashes.SHA256())
        )
        path = os.path.join(self.folder, f"{names[0]}-{kind}.pem")
        return _write(path, _key_pem(key), _pem(certificate))
