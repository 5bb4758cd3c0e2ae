"""A simulated device of each platform, against a gateway or against the test vectors.

    python main.py vectors DIRECTORY            the two files of docs/simulated-device, octet by octet
    python main.py run URL                      the demonstration
    python main.py run URL DIRECTORY            a rehearsal, whose authority `device root` has made there
"""

import base64
import json
import os
import sys
import time
import tomllib
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from android import GooglePlay, Phone
from encoding import base64_text, base64url, derived_key, key_of, sha256
from iphone import DEVELOPMENT, PRODUCTION, Authority, Iphone, Leaf, client_data

INTERMEDIATE = """-----BEGIN CERTIFICATE-----
MIICTzCCAdSgAwIBAgIQCuLQu157wwRX069fEGI4vzAKBggqhkjOPQQDAzBYMS0w
KwYDVQQDDCRHZW51aW5lIFRlc3QgQXBwIEF0dGVzdGF0aW9uIFJvb3QgQ0ExFTAT
BgNVBAoMDEdlbnVpbmUgVGVzdDEQMA4GA1UECAwHTm93aGVyZTAeFw0yMDAxMDEw
MDAwMDBaFw00MDAxMDEwMDAwMDBaMFUxKjAoBgNVBAMMIUdlbnVpbmUgVGVzdCBB
cHAgQXR0ZXN0YXRpb24gQ0EgMTEVMBMGA1UECgwMR2VudWluZSBUZXN0MRAwDgYD
VQQIDAdOb3doZXJlMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAET+OX6663t6QSvXVm
fMhavlrFeGlhO2PA+wuFsX4+UJnfg275ZktxxrRpoW5DNYcszglAo0FVZmXnd2jA
D8ln2ogUjlH3atuL78Q1gxytjOnqTe0b7qRtglsGizClk73vo2YwZDASBgNVHRMB
Af8ECDAGAQH/AgEAMB8GA1UdIwQYMBaAFHzcPV/7NT59FY4/iLjgD0mm4pOoMB0G
A1UdDgQWBBTft+FA89RGxi9dSzz5BuHY5ockiTAOBgNVHQ8BAf8EBAMCAQYwCgYI
KoZIzj0EAwMDaQAwZgIxANKCCkId9rMUPZYT/qAuS6mUXnUtajy0cyuPIqZ83d15
9m6TYgfyOICGWVIp5KJvvAIxAJH8IeCNsDJvoavQNi92RLPVjJeve3OuxX1tqsBU
BCDx5OBBKfW3IWv1RrxRj0ytow==
-----END CERTIFICATE-----
"""


class Demonstration:
    application = "demo"
    authority = "localhost:8080"
    app_id = "ABCDE12345.com.example.demo"
    environment = PRODUCTION
    package = "com.example.demo"

    def apple(self) -> Authority:
        key = derived_key("genuine-testvectors key intermediate default", 48, ec.SECP384R1())
        return Authority(key, x509.load_pem_x509_certificate(INTERMEDIATE.encode()))

    def google(self) -> GooglePlay:
        return GooglePlay(
            package=self.package,
            certificate=bytes.fromhex("6c1675438888238e6206dc06522cf3a28c9e56730326ebe2ecc17bd371fccf0f"),
            decryption_key=bytes.fromhex("2bb811929ceea23b4f579624e05d0a0cde16ee907d48db7cc7eb40174bb0f830"),
            signing_key=derived_key("genuine-testvectors key play signing demonstration", 32, ec.SECP256R1()),
        )


class Rehearsal:
    environment = DEVELOPMENT

    def __init__(self, directory: Path):
        self.directory = directory
        scene = tomllib.loads((directory / "scene.toml").read_text())
        self.application, self.authority = scene["application"], scene["authority"]
        self.app_id, self.package = scene["app_id"], scene.get("package")

    def key(self, name: str) -> ec.EllipticCurvePrivateKey:
        return load_pem_private_key((self.directory / name).read_bytes(), None)

    def apple(self) -> Authority:
        certificate = x509.load_pem_x509_certificate((self.directory / "intermediate.pem").read_bytes())
        return Authority(self.key("intermediate-key.pem"), certificate)

    def google(self) -> GooglePlay:
        return GooglePlay(
            package=self.package,
            certificate=bytes.fromhex((self.directory / "play-certificate").read_text().strip()),
            decryption_key=base64.b64decode((self.directory / "play-decryption-key").read_text()),
            signing_key=self.key("play-signing-key.pem"),
        )


class Gateway:
    def __init__(self, url: str, session: str):
        self.url, self.session = url, session

    def send(self, method: str, target: str, headers: dict, body: bytes | None = None) -> tuple[int, dict]:
        headers = headers | {"X-Session": self.session}
        request = urllib.request.Request(self.url + target, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.load(refusal)

    def post(self, target: str, members: dict, headers: dict | None = None) -> tuple[int, dict]:
        headers = {"Content-Type": "application/json"} | (headers or {})
        return self.send("POST", target, headers, json.dumps(members).encode())

    def challenge(self, application: str, purpose: str) -> str:
        status, answer = self.post("/challenges", {"application": application, "purpose": purpose})
        expect(status == 201, "challenge", answer)
        return answer["challenge"]


def expect(right: bool, what: str, shown: object) -> None:
    if not right:
        sys.exit(f"{what}: {shown}")


def run_iphone(gateway: Gateway, scene: Demonstration | Rehearsal) -> None:
    phone = Iphone(ec.generate_private_key(ec.SECP256R1()), scene.app_id, scene.apple(), scene.environment)
    challenge = gateway.challenge(scene.application, "attestation")
    now = int(time.time())
    leaf = Leaf(int.from_bytes(os.urandom(8)) | 1, now - 86_400, now + 2 * 86_400)
    attestation = phone.attestation(phone.leaf(phone.nonce(challenge), leaf), os.urandom(32))
    registration = {"application": scene.application, "key_id": phone.key_id, "challenge": challenge}
    status, answer = gateway.post("/devices", registration | {"attestation": base64_text(attestation)})
    expect(status == 201, "iPhone: registration", answer)

    body, target = b"two of them", "/orders?item=7"
    header = phone.authorization(client_data("POST", scene.authority, target, body))
    status, answer = gateway.send("POST", target, {"Authorization": header}, body)
    expect(status == 200 and answer["application"] == scene.application, "iPhone: order", answer)
    status, answer = gateway.send("POST", target, {"Authorization": header}, body)
    expect((status, answer.get("code")) == (401, "counter_overtaken"), "iPhone: the same order again", answer)
    header = phone.authorization(client_data("POST", scene.authority, target, body))
    status, answer = gateway.send("POST", target, {"Authorization": header}, b"ten of them")
    expect((status, answer.get("code")) == (401, "rejected"), "iPhone: another body", answer)
    print("iPhone: registered, signed a request, and was refused a replay and another body")


def run_phone(gateway: Gateway, scene: Demonstration | Rehearsal) -> None:
    phone, google = Phone(ec.generate_private_key(ec.SECP256R1()), scene.authority), scene.google()

    def proof(method: str, path: str, **claims: str) -> dict:
        return {"DPoP": phone.proof(method, path, int(time.time()), str(uuid.uuid4()), **claims)}

    def register(nonce: str) -> tuple[int, dict]:
        token = google.token(google.payload(nonce or phone.binding(challenge), time.time_ns() // 1_000_000))
        members = {"application": scene.application, "challenge": challenge, "integrity_token": {"classic": token}}
        return gateway.post("/devices", members, proof("POST", "/devices", nonce=challenge))

    challenge = gateway.challenge(scene.application, "integrity")
    status, answer = register(base64url(sha256(b"another binding")))
    expect((status, answer.get("code")) == (401, "rejected"), "Android: another nonce", answer)
    status, answer = register("")
    expect(status == 201, "Android: registration", answer)

    challenge = gateway.challenge(scene.application, "assertion")
    status, answer = gateway.send("POST", "/tokens", proof("POST", "/tokens", nonce=challenge))
    expect(status == 200 and answer["token_type"] == "DPoP", "Android: session token", answer)
    token = answer["access_token"]
    headers = {"Authorization": f"DPoP {token}"} | proof("GET", "/basket", ath=base64url(sha256(token.encode())))
    status, answer = gateway.send("GET", "/basket", headers)
    expect(status == 200 and answer["application"] == scene.application, "Android: basket", answer)
    status, answer = gateway.send("GET", "/basket", headers)
    expect((status, answer.get("code")) == (401, "proof_rejected"), "Android: the same proof again", answer)
    print("Android: registered, looked into the basket, and was refused another nonce and a replay")


def compare(what: str, computed: str, expected: str) -> None:
    expect(computed == expected, what, f"{computed}\nis not\n{expected}")
    print(f"{what}: as in the file")


def apple_vectors(file: dict) -> None:
    key, attestation, assertion = file["key"], file["attestation"], file["assertion"]
    scene = Demonstration()
    apple = scene.apple()
    secret = bytes.fromhex(file["intermediate"]["secret_hex"])
    compare("intermediate", str(apple.key.private_numbers().private_value), str(int.from_bytes(secret)))
    phone = Iphone(derived_key(key["text"], 32, ec.SECP256R1()), file["application"]["app_id"], apple, PRODUCTION)
    compare("key identifier", phone.key_id, key["key_id"])
    compare("authenticator data", phone.attested_data().hex(), attestation["authenticator_data_hex"])
    leaf = attestation["leaf"]
    leaf = Leaf(int(leaf["serial_number_hex"], 16), leaf["not_before"], leaf["not_after"])
    made = phone.leaf(phone.nonce(attestation["challenge"]), leaf)
    # Its signature is another one each time a library draws the nonce otherwise: what is signed is compared, and theirs verified.
    theirs = x509.load_der_x509_certificate(base64.b64decode(attestation["leaf"]["certificate"]))
    compare("leaf", base64_text(made.tbs_certificate_bytes), base64_text(theirs.tbs_certificate_bytes))
    theirs.verify_directly_issued_by(apple.certificate)
    made = phone.attestation(theirs, bytes.fromhex(attestation["receipt_hex"]))
    compare("attestation", base64_text(made), attestation["object"])
    authority, body = file["application"]["authority"], assertion["body"].encode()
    data = client_data(assertion["method"], authority, assertion["target"], body)
    compare("client data", data, assertion["client_data"])
    compare("assertion", phone.authorization(data), assertion["authorization"])


def google_vectors(file: dict) -> None:
    key, token = file["key"], file["integrity_token"]
    phone = Phone(key_of(sha256(key["text"].encode()), ec.SECP256R1()), file["application"]["authority"])
    compare("key identifier", phone.key_id, key["key_id"])
    google = Demonstration().google()
    compare("nonce", phone.binding(token["challenge"]), token["nonce"])
    now = 1_790_812_800
    payload = google.payload(token["nonce"], now * 1000)
    compare("payload", payload, token["inner"]["content"])
    drawn = [bytes.fromhex(token[name]) for name in ("content_key_hex", "initialization_vector_hex")]
    compare("integrity token", google.token(payload, *drawn), token["token"])
    for path, identifier in (("devices", "one"), ("tokens", "two")):
        made = phone.proof("POST", f"/{path}", now, identifier, nonce=token["challenge"])
        compare(f"proof for {path}", made, file[f"proof_for_{path}"]["token"])
    ath = base64url(sha256(file["session_token"].encode()))
    compare("proof for the basket", phone.proof("GET", "/basket", now, "three", ath=ath), file["proof_for_basket"]["token"])


def main(arguments: list[str]) -> None:
    match arguments:
        case ["vectors", directory]:
            apple_vectors(json.loads((Path(directory) / "app-attest.json").read_text()))
            google_vectors(json.loads((Path(directory) / "play-integrity.json").read_text()))
        case ["run", url, *directory] if len(directory) < 2:
            scene = Rehearsal(Path(directory[0])) if directory else Demonstration()
            gateway = Gateway(url, str(uuid.uuid4()))
            run_iphone(gateway, scene)
            if scene.package is None:
                print("Android: left out, since the authority was made without a package")
            else:
                run_phone(gateway, scene)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
