"""Requests signed by http-message-signatures of PyPI pass the gateway, and that library verifies what clients/python signs."""

import base64
import hashlib
import os
import secrets
import sys
import urllib.error
import urllib.request

from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    algorithms,
)

sys.path.insert(0, os.environ["CLIENT"])
from genuine_keys import sign_request  # noqa: E402

GATEWAY, AUTHORITY = os.environ["GATEWAY"], os.environ["AUTHORITY"]
KEY, SECRET = os.environ["SIGNING_ID"], os.environ["SIGNING_SECRET"]
COMPONENTS = ("@method", "@authority", "@path", "@query", "content-digest")
REQUESTS = [
    ("POST", "/partner/orders?item=7", b'{"count":2}'),
    ("GET", "/partner/orders", b""),
    ("PUT", "/partner/orders?a=b%20c&a=", b"\x00\xff" * 100),
]


class Keys(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id):
        assert key_id == KEY
        return base64.urlsafe_b64decode(SECRET + "=")

    resolve_public_key = resolve_private_key


class Message:
    def __init__(self, method, target, headers):
        self.method, self.url, self.headers = method, f"http://{AUTHORITY}{target}", headers


def send(method, target, body, headers):
    request = urllib.request.Request(GATEWAY + target, body or None, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


signer = HTTPMessageSigner(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=Keys())
verifier = HTTPMessageVerifier(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=Keys())

for method, target, body in REQUESTS:
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    message = Message(method, target, {"Content-Digest": digest})
    signer.sign(
        message,
        key_id=KEY,
        nonce=secrets.token_urlsafe(24),
        label="oracle",
        covered_component_ids=COMPONENTS,
        use_existing_digest=True,
        body=body,
    )
    assert send(method, target, body, message.headers) == 200, (method, target)
    assert send(method, target, body, message.headers) == 401, "a copy"

    headers = sign_request(KEY, SECRET, method, AUTHORITY, target, body)
    ours = Message(method, target, headers)
    [verified] = verifier.verify(ours, require_components=COMPONENTS, body=body)
    assert verified.parameters["keyid"] == KEY, verified
    try:
        verifier.verify(Message("PATCH", target, headers), require_components=COMPONENTS, body=body)
    except InvalidSignature:
        continue
    raise AssertionError("the library verifies anything")

print(f"{len(REQUESTS)} requests each way")
