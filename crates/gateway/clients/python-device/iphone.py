"""An iPhone with one App Attest key, and the authority that vouches for it."""

from dataclasses import dataclass
from datetime import datetime, timezone

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from encoding import SIGNATURE, base64_text, key_id, point, sha256

NONCE = x509.ObjectIdentifier("1.2.840.113635.100.8.2")
FLAGS = b"\x40"
PRODUCTION = b"appattest" + bytes(7)
DEVELOPMENT = b"appattestdevelop"


@dataclass
class Authority:
    """The intermediate, which signs leaves."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


@dataclass
class Leaf:
    """What a leaf says beside key and nonce."""

    serial_number: int
    not_before: int
    not_after: int


def client_data(method: str, authority: str, target: str, body: bytes, challenge: str = "") -> str:
    return f"genuine-request-v1\n{method}\n{authority}\n{target}\n{sha256(body).hex()}\n{challenge}\n"


class Iphone:
    def __init__(self, key: ec.EllipticCurvePrivateKey, app_id: str, authority: Authority, environment: bytes):
        self.key = key
        self.app_id_hash = sha256(app_id.encode())
        self.authority = authority
        self.environment = environment
        self.counter = 0

    @property
    def key_id(self) -> str:
        return base64_text(key_id(self.key))

    def attested_data(self) -> bytes:
        coordinates = point(self.key)[1:]
        cose_key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: coordinates[:32], -3: coordinates[32:]})
        credential = self.environment + b"\x00\x20" + key_id(self.key) + cose_key
        return self.app_id_hash + FLAGS + bytes(4) + credential

    def leaf(self, nonce: bytes, leaf: Leaf) -> x509.Certificate:
        names = [
            (NameOID.COMMON_NAME, key_id(self.key).hex()),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, "AAA Certification"),
            (NameOID.ORGANIZATION_NAME, "Genuine Test"),
            (NameOID.STATE_OR_PROVINCE_NAME, "Nowhere"),
        ]
        usage = x509.KeyUsage(True, True, True, True, False, False, False, False, False)
        extension = x509.UnrecognizedExtension(NONCE, bytes.fromhex("3024A1220420") + nonce)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(oid, value) for oid, value in names]))
            .issuer_name(self.authority.certificate.subject)
            .public_key(self.key.public_key())
            .serial_number(leaf.serial_number)
            .not_valid_before(datetime.fromtimestamp(leaf.not_before, timezone.utc))
            .not_valid_after(datetime.fromtimestamp(leaf.not_after, timezone.utc))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(extension, critical=False)
            .sign(self.authority.key, hashes.SHA256(), ecdsa_deterministic=True)
        )

    def nonce(self, challenge: str) -> bytes:
        return sha256(self.attested_data() + sha256(challenge.encode()))

    def attestation(self, leaf: x509.Certificate, receipt: bytes) -> bytes:
        chain = [certificate.public_bytes(Encoding.DER) for certificate in (leaf, self.authority.certificate)]
        statement = {"x5c": chain, "receipt": receipt}
        return cbor2.dumps({"fmt": "apple-appattest", "attStmt": statement, "authData": self.attested_data()})

    def assert_request(self, data: str) -> bytes:
        self.counter += 1
        auth_data = self.app_id_hash + FLAGS + self.counter.to_bytes(4)
        nonce = sha256(auth_data + sha256(data.encode()))
        # The library hashes the nonce, as the message that it is.
        return cbor2.dumps({"signature": self.key.sign(nonce, SIGNATURE), "authenticatorData": auth_data})

    def authorization(self, data: str, challenge: str = "") -> str:
        header = f'Attest key_id="{self.key_id}", assertion="{base64_text(self.assert_request(data))}"'
        return f'{header}, challenge="{challenge}"' if challenge else header
