"""An Android phone with its key, and Google Play with the keys of one app."""

import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from encoding import base64_text, base64url, compact, key_id, point, sha256, signed_token

OUTER_HEADER = '{"alg":"A256KW","enc":"A256GCM"}'
INNER_HEADER = '{"alg":"ES256"}'


@dataclass
class GooglePlay:
    package: str
    certificate: bytes
    decryption_key: bytes
    signing_key: ec.EllipticCurvePrivateKey

    def payload(self, nonce: str, milliseconds: int) -> str:
        return compact(
            {
                "requestDetails": {
                    "requestPackageName": self.package,
                    "timestampMillis": str(milliseconds),
                    "nonce": nonce,
                },
                "appIntegrity": {
                    "appRecognitionVerdict": "PLAY_RECOGNIZED",
                    "packageName": self.package,
                    "certificateSha256Digest": [base64url(self.certificate)],
                    "versionCode": "42",
                },
                "deviceIntegrity": {"deviceRecognitionVerdict": ["MEETS_BASIC_INTEGRITY", "MEETS_DEVICE_INTEGRITY"]},
                "accountDetails": {"appLicensingVerdict": "LICENSED"},
            }
        )

    def token(self, payload: str, content_key: bytes | None = None, vector: bytes | None = None) -> str:
        content_key, vector = content_key or os.urandom(32), vector or os.urandom(12)
        inner = signed_token(INNER_HEADER, payload, self.signing_key)
        header = base64url(OUTER_HEADER.encode())
        sealed = AESGCM(content_key).encrypt(vector, inner.encode(), header.encode())
        parts = [aes_key_wrap(self.decryption_key, content_key), vector, sealed[:-16], sealed[-16:]]
        return ".".join([header, *map(base64url, parts)])


class Phone:
    def __init__(self, key: ec.EllipticCurvePrivateKey, authority: str):
        self.key = key
        self.authority = authority

    @property
    def key_id(self) -> str:
        return base64_text(key_id(self.key))

    def binding(self, challenge: str) -> str:
        return base64url(sha256(f"genuine-device-v1\n{challenge}\n{self.key_id}\n".encode()))

    def proof(self, method: str, path: str, now: int, identifier: str, **claims: str) -> str:
        coordinates = point(self.key)[1:]
        x, y = base64url(coordinates[:32]), base64url(coordinates[32:])
        header = {"alg": "ES256", "jwk": {"crv": "P-256", "kty": "EC", "x": x, "y": y}, "typ": "dpop+jwt"}
        uri = f"https://{self.authority}{path}"
        content = {"htm": method, "htu": uri, "iat": now, "jti": identifier} | claims
        return signed_token(compact(header), compact(dict(sorted(content.items()))), self.key)
