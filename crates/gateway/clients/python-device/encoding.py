"""Hashes, base64, keys and compact tokens, as docs/simulated-device.md names them."""

import base64
import hashlib
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# RFC 6979, so that the test vectors come out octet by octet.
SIGNATURE = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


def sha256(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()


def base64_text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def key_of(secret: bytes, curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(secret), curve)


def derived_key(text: str, octets: int, curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    """A key whose secret begins the SHA-384 of a text."""
    return key_of(hashlib.sha384(text.encode()).digest()[:octets], curve)


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def key_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    return sha256(point(key))


def compact(members: dict) -> str:
    return json.dumps(members, separators=(",", ":"))


def signed_token(header: str, content: str, key: ec.EllipticCurvePrivateKey) -> str:
    """A JWS in compact form with ES256 (RFC 7515): r and s of 32 octets each."""
    text = f"{base64url(header.encode())}.{base64url(content.encode())}"
    r, s = decode_dss_signature(key.sign(text.encode(), SIGNATURE))
    return f"{text}.{base64url(r.to_bytes(32) + s.to_bytes(32))}"
