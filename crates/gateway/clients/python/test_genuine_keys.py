"""Against a running gateway, which tests/api_key_clients.rs starts: python3 -m unittest test_genuine_keys."""

import base64
import hashlib
import hmac
import os
import time
import unittest
import urllib.request

from genuine_keys import Client, Refused, content_digest, sign_request

GATEWAY, AUTHORITY = os.environ["GATEWAY"], os.environ["AUTHORITY"]
API_KEY = os.environ["API_KEY"]
SIGNING_KEY = (os.environ["SIGNING_ID"], os.environ["SIGNING_SECRET"])
ORDERS = "/partner/orders?item=7"


def client(**changes):
    return Client(GATEWAY, **{"authority": AUTHORITY, "timeout": 20, **changes})


class SignedRequests(unittest.TestCase):
    def setUp(self):
        self.client = client(signing_key=SIGNING_KEY)

    def test_each_method_and_body_arrives_with_its_holder(self):
        for method, target, body in [("POST", ORDERS, b'{"count":2}'), ("GET", "/partner/orders", b""),
                                     ("PUT", "/partner/orders?a=b%20c&a=?", b"\x00\xff" * 100), ("DELETE", ORDERS, b"")]:
            answer = self.client.request(method, target, body)
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(answer.json(), {
                "application": "partner-web", "key": SIGNING_KEY[0], "kind": "signature",
                "scopes": ["orders:read"], "body": hashlib.sha256(body).hexdigest()})

    def send(self, headers, target=ORDERS, body=b"{}", method="POST"):
        return client(signing_key=SIGNING_KEY)._send(method, target, body, headers)

    def test_a_signature_is_good_once_and_for_its_request(self):
        def sign(**changes):
            return sign_request(*SIGNING_KEY, "POST", AUTHORITY, ORDERS, b"{}", **changes)

        headers = sign()
        codes = [
            (self.send(headers), 200, None),
            (self.send(headers), 401, "signature_rejected"),
            (self.send(sign(created=int(time.time()) - 120)), 401, "signature_rejected"),
            (self.send(sign(), body=b"{ }"), 401, "signature_rejected"),
            (self.send(sign(), target=ORDERS + "8"), 401, "api_key_rejected"),
            (self.send(sign(), method="PUT"), 401, "api_key_rejected"),
            (self.send({**sign(), "Content-Digest": content_digest(b"{ }")}, body=b"{ }"), 401, "api_key_rejected"),
            (self.send(sign(nonce="short")), 400, "malformed"),
        ]
        for answer, status, code in codes:
            self.assertEqual((answer.status, answer.json().get("code")), (status, code))

    def test_a_route_of_another_scope_is_closed(self):
        answer = self.client.request("POST", "/partner/write", b"")
        self.assertEqual((answer.status, answer.json()["code"]), (403, "insufficient_scope"))

    def test_a_signed_request_is_exchanged(self):
        token = self.client.exchange("orders:read")
        self.assertEqual(token.scopes, ("orders:read",))
        self.assertNotIn(token.token, repr(token))
        request = urllib.request.Request(GATEWAY + ORDERS, headers={"Authorization": f"Bearer {token.token}"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            self.assertEqual(answer.status, 200)


class Keys(unittest.TestCase):
    def test_a_key_is_exchanged_once_for_many_requests(self):
        requests = client(api_key=API_KEY)
        for body in (b"one", b"two"):
            answer = requests.request("POST", ORDERS, body)
            self.assertEqual((answer.status, answer.json()["kind"]), (200, "token"))
        token = requests._token
        requests.request("GET", ORDERS)
        self.assertIs(requests._token, token)
        # A token that the gateway does not take is replaced.
        requests._token = type(token)("not.a.token", token.scopes, token.expires_at)
        self.assertEqual(requests.request("GET", ORDERS).status, 200)
        # So is one that is about to end.
        requests._token = type(token)(token.token, token.scopes, time.monotonic() + 5)
        requests.request("GET", ORDERS)
        self.assertGreater(requests._token.expires_at, time.monotonic() + 60)

    def test_what_is_refused_says_why(self):
        for scopes, code in [(("orders:write",), "insufficient_scope"), (("ORDERS",), "malformed")]:
            with self.assertRaises(Refused) as refused:
                client(api_key=API_KEY).exchange(*scopes)
            self.assertEqual(refused.exception.code, code)
        wrong = API_KEY[:-2] + ("BA" if API_KEY.endswith("AA") else "AA")
        with self.assertRaises(Refused) as refused:
            client(api_key=wrong).request("GET", ORDERS)
        self.assertIn(refused.exception.code, ("api_key_rejected",))
        self.assertNotIn(wrong.split(".")[1], str(refused.exception))

    def test_a_client_has_one_key(self):
        for changes in ({}, {"api_key": API_KEY, "signing_key": SIGNING_KEY}):
            with self.assertRaises(ValueError):
                client(**changes)


class Addresses(unittest.TestCase):
    def authority(self, base_url):
        return Client(base_url, api_key="k")._authority

    def test_the_authority_is_in_one_spelling(self):
        for base_url, authority in [
            ("https://shop.example.com", "shop.example.com"),
            ("https://Shop.Example.COM:443/", "shop.example.com"),
            ("http://shop.example.com:80", "shop.example.com"),
            ("https://shop.example.com:80", "shop.example.com:80"),
            ("http://localhost:8080", "localhost:8080"),
            ("https://[::1]:8443", "[::1]:8443"),
            ("https://[::1]:443", "[::1]"),
        ]:
            self.assertEqual(self.authority(base_url), authority)
        self.assertEqual(Client("https://a", api_key="k", authority="b")._authority, "b")
        for base_url in ("https://user:pw@shop.example.com", "https://@shop.example.com", "https://shop.example.com/?a",
                         "https://shop.example.com#a", "ftp://shop.example.com", "shop.example.com", "https://",
                         "https://shop.example.com:port"):
            with self.assertRaises(ValueError) as raised:
                self.authority(base_url)
            self.assertNotIn("pw", str(raised.exception))

    def test_what_is_signed_is_what_is_sent(self):
        # The path of the base URL is sent, so that it is signed.
        below = Client(GATEWAY + "/partner/", signing_key=SIGNING_KEY, authority=AUTHORITY, timeout=20)
        for target in ("/orders", "/orders?", "/orders?a=b&a=%20", "/orders?x={x}&n=O'B|"):
            self.assertEqual(below.request("POST", target, b"{}").status, 200, target)
        # http.client would send one slash, and urllib no fragment.
        whole = client(signing_key=SIGNING_KEY)
        for target in ("//partner/orders", "///partner/orders", "partner/orders", "", "/partner/orders#part",
                       "/partner/orders?a b", "/partner/orders?\u00fc", "/partner/orders\r\nx: y", "@example.com/"):
            for one in (whole, client(api_key=API_KEY)):
                with self.assertRaises(ValueError):
                    one.request("POST", target, b"{}")


class KnownAnswers(unittest.TestCase):
    """The example of docs/api-keys.md, and the code of RFC 9421 B.2.5."""

    def test_the_example_of_the_document(self):
        secret = base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")
        headers = sign_request("gk_AAAAAAAAAAAAAAAA", secret, "POST", "shop.example.com", "/partner/orders?item=7",
                               b'{"count":2}', created=1796040000, nonce="b3JkZXItNy1uby0wMDAx-1")
        with open(os.path.join(os.path.dirname(__file__), "../../docs/api-keys.md"), encoding="utf-8") as document:
            text = document.read()
        for name, value in headers.items():
            self.assertIn(f"{name}: {value}\n", text)

    def test_the_code_of_the_rfc(self):
        secret = base64.b64decode(
            "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==")
        base = ('"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@authority": example.com\n"content-type": application/json\n'
                '"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"')
        mac = hmac.new(secret, base.encode(), hashlib.sha256).digest()
        self.assertEqual(base64.b64encode(mac), b"pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=")


if __name__ == "__main__":
    unittest.main()
