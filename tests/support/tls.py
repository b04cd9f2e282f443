"""A certificate authority, and a server that it vouches for."""

import datetime as dt
import ipaddress
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PEM = serialization.Encoding.PEM


class Authority:
    """Make certificates for servers; clients trust them by :attr:`path`."""

    def __init__(self, folder):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("authority")
        self._folder = folder
        made = self._certify("authority", self._key, is_authority=True)
        self.path = folder / "authority.pem"
        self.path.write_bytes(made.public_bytes(PEM))

    def server(self, host="localhost"):
        """Give the context of a server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pair(host))
        return context

    def pair(self, host="localhost"):
        """Give the path of a key and its certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._certify(host, key, is_authority=False)
        path = self._folder / f"{host}.pem"
        path.write_bytes(
            key.private_bytes(
                PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + made.public_bytes(PEM)
        )
        return path

    def _certify(self, host, key, *, is_authority):
        now = dt.datetime.now(dt.timezone.utc)
        day = dt.timedelta(days=1)
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=is_authority,
            crl_sign=is_authority,
            encipher_only=False,
            decipher_only=False,
        )
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(
            self._key.public_key()
        )
        return (
            x509.CertificateBuilder()
            .subject_name(_name(host))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + day)
            .add_extension(
                x509.BasicConstraints(ca=is_authority, path_length=None),
                critical=True,
            )
            .add_extension(usage, critical=True)
            .add_extension(own, critical=False)
            .add_extension(authority, critical=False)
            .add_extension(
                x509.SubjectAlternativeName([_alternative(host)]),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )


def _name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _alternative(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
