"""Calls a service behind genuine-gateway with an API key. It needs Python 3.9 and nothing beside its standard library.

    client = Client("https://shop.example.com", api_key="gk_….…")          # exchanges the key for request tokens
    client = Client("https://shop.example.com", signing_key=("gk_…", "…"))  # signs each request
    answer = client.request("POST", "/partner/orders?item=7", b'{"count":2}')

What a key proves, and what it does not, is in docs/api-keys.md of the gateway.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from email.message import Message
from typing import Mapping
from urllib.parse import urlsplit

__all__ = ["Answer", "Client", "Refused", "RequestToken", "content_digest", "sign_request"]

COMPONENTS = '("@method" "@authority" "@path" "@query" "content-digest")'
# A token is not sent in its last seconds: it could end on its way.
MARGIN = 10


def content_digest(body: bytes) -> str:
    """The header Content-Digest (RFC 9530) of a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def sign_request(
    key_id: str,
    secret: str,
    method: str,
    authority: str,
    target: str,
    body: bytes = b"",
    *,
    created: int | None = None,
    nonce: str | None = None,
) -> dict[str, str]:
    """The headers that sign a request (RFC 9421, hmac-sha256). They are good once, for a minute.

    `target` is path and query exactly as they are sent. `authority` is what the gateway is configured to be called.
    """
    created = int(time.time()) if created is None else created
    nonce = secrets.token_urlsafe(16) if nonce is None else nonce
    digest = content_digest(body)
    path, _, query = target.partition("?")
    params = f'{COMPONENTS};created={created};nonce="{nonce}";keyid="{key_id}";alg="hmac-sha256"'
    base = "\n".join([
        f'"@method": {method}',
        f'"@authority": {authority}',
        f'"@path": {path}',
        f'"@query": ?{query}',
        f'"content-digest": {digest}',
        f'"@signature-params": {params}',
    ])
    octets = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    mac = base64.b64encode(hmac.new(octets, base.encode(), hashlib.sha256).digest()).decode()
    return {"Content-Digest": digest, "Signature-Input": f"sig={params}", "Signature": f"sig=:{mac}:"}


@dataclass(frozen=True)
class Answer:
    """What the service answered."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> object:
        return json.loads(self.body)


class Refused(Exception):
    """The gateway did not exchange the key. `code` says why, such as `api_key_rejected`."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.code = answer, _code(answer)
        super().__init__(f"{answer.status} {self.code}")


@dataclass(frozen=True)
class RequestToken:
    """What goes with requests in the place of a key, for minutes."""

    token: str = field(repr=False)
    scopes: tuple[str, ...]
    expires_at: float


class Client:
    """A client with a key: one that is shown, or one that signs."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        signing_key: tuple[str, str] | None = None,
        authority: str | None = None,
        timeout: float = 10,
    ) -> None:
        if (api_key is None) == (signing_key is None):
            raise ValueError("a client has an api_key or a signing_key")
        self._origin, self._prefix, own = _address(base_url)
        self._authority = authority or own
        self._api_key, self._signing_key = api_key, signing_key
        self._timeout = timeout
        self._token: RequestToken | None = None

    def request(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Sends a request: signed, or with a request token, which is exchanged for when that is due.

        `target` is path and query, encoded: nothing of it is changed, and what is signed is what is sent.
        """
        self._sent(target)
        if self._signing_key is not None:
            return self._send(method, target, body, {**(headers or {}), **self._signature(method, target, body)})
        answer = self._send(method, target, body, {**(headers or {}), **self._bearer()})
        if answer.status == 401 and _code(answer) == "request_token_rejected":
            # It ended early, by the gateway's clock.
            self._token = None
            answer = self._send(method, target, body, {**(headers or {}), **self._bearer()})
        return answer

    def exchange(self, *scopes: str) -> RequestToken:
        """Exchanges the key for a request token: for these scopes, or for all that the key has.

        A server may hand the token to a browser, which never sees the key.
        """
        target = "/api-keys/tokens"
        body = json.dumps({"scope": " ".join(scopes)}).encode() if scopes else b""
        if self._signing_key is not None:
            headers = self._signature("POST", target, body)
        else:
            headers = {"Authorization": f"ApiKey {self._api_key}"}
        asked = time.monotonic()
        answer = self._send("POST", target, body, headers)
        if answer.status != 200:
            raise Refused(answer)
        said = json.loads(answer.body)
        return RequestToken(said["access_token"], tuple(said["scope"].split(" ")), asked + said["expires_in"])

    def _bearer(self) -> dict[str, str]:
        if self._token is None or time.monotonic() > self._token.expires_at - MARGIN:
            self._token = self.exchange()
        return {"Authorization": f"Bearer {self._token.token}"}

    def _signature(self, method: str, target: str, body: bytes) -> dict[str, str]:
        assert self._signing_key is not None
        return sign_request(*self._signing_key, method, self._authority, self._sent(target), body)

    def _sent(self, target: str) -> str:
        """Path and query as they are sent, below the path of the base URL."""
        sent = self._prefix + target
        if not target.startswith("/") or sent.startswith("//"):
            raise ValueError("a target begins with one slash")
        if "#" in target or not all("!" <= character <= "~" for character in target):
            raise ValueError("a target has no fragment, and is encoded: no spaces, and ASCII alone")
        return sent

    def _send(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        data = body if body or method in ("POST", "PUT", "PATCH") else None
        request = urllib.request.Request(self._origin + self._sent(target), data, dict(headers), method=method)
        if data is not None and not request.has_header("Content-type"):
            request.add_header("Content-Type", "application/json")
        try:
            with _OPENER.open(request, timeout=self._timeout) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())


def _address(base_url: str) -> tuple[str, str, str]:
    """Scheme and host, the path that all targets are below, and what the service is called."""
    parts = urlsplit(base_url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    if default is None or not parts.hostname:
        raise ValueError("a base URL is of https or http, and has a host")
    if "@" in parts.netloc or "?" in base_url or "#" in base_url:
        raise ValueError("a base URL has no user, no query and no fragment")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    authority = host if parts.port in (None, default) else f"{host}:{parts.port}"
    return f"{parts.scheme}://{authority}", parts.path.rstrip("/"), authority


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirection is an answer: what signs or shows a key for one address is not sent to another."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


def _code(answer: Answer) -> str:
    try:
        said = json.loads(answer.body)
    except ValueError:
        return ""
    return str(said.get("code", "")) if isinstance(said, dict) else ""
