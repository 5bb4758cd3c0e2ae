"""Drives pyattest. src/external.rs says how they talk."""

import asyncio
import itertools
import json
import platform
import sys
import time
from base64 import b64decode
from importlib.metadata import version

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pyattest.assertion import Assertion
from pyattest.attestation import Attestation
from pyattest.configs.apple import AppleConfig


class Assertions:
    """Verifies assertions. The library compares neither App ID nor counter; the counter is compared here."""

    def __init__(self, objects):
        self.config = AppleConfig(key_id=b"", app_id=objects["app_id"], production=True)
        self.public_key = load_der_public_key(b64decode(objects["public_key"]))

    def prepare(self, case):
        return b64decode(case["object"]), b64decode(case["client_data_hash"]), case["counter"]

    async def verify(self, case):
        raw, client_data_hash, counter = case
        assertion = Assertion(raw, client_data_hash, self.public_key, self.config)
        try:
            assertion.verify()
        except Exception:
            return False
        return assertion.data["counter"] == counter


class Attestations:
    """Verifies attestations."""

    def __init__(self, objects):
        self.app_id = objects["app_id"]
        self.root = objects["root"].encode()

    def prepare(self, case):
        config = AppleConfig(b64decode(case["key_id"]), self.app_id, production=True, root_ca=self.root)
        public_key = load_der_public_key(b64decode(case["public_key"]))
        point = public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return b64decode(case["object"]), case["challenge"].encode(), config, point

    async def verify(self, case):
        raw, challenge, config, point = case
        attestation = Attestation(raw, challenge, config)
        try:
            await attestation.verify()
        except Exception:
            return False
        return bytes(attestation.data["certs"].last.public_key["public_key"]) == point


async def fault(rival, good, altered):
    """What is wrong with a rival's answers, or None."""
    for case in good:
        if not await rival.verify(case):
            return "refuses a good one"
    for case in altered:
        if await rival.verify(case):
            return "accepts an altered one"
    return None


async def timed(rival, turn, iterations):
    start = time.process_time_ns()
    for case in itertools.islice(turn, iterations):
        if not await rival.verify(case):
            raise AssertionError("a good one was refused")
    return time.process_time_ns() - start


async def main():
    objects = json.loads(sys.stdin.readline())
    greeting = {"versions": f"pyattest {version('pyattest')} on Python {platform.python_version()}"}
    operations = {}
    for operation, rival in ("assertion", Assertions(objects)), ("attestation", Attestations(objects)):
        good, altered = ([rival.prepare(case) for case in objects[operation][kind]] for kind in ("good", "altered"))
        operations[operation] = rival, itertools.cycle(good)
        greeting[operation] = await fault(rival, good, altered)
    print(json.dumps(greeting), flush=True)
    for line in sys.stdin:
        operation, iterations = line.split()
        print(await timed(*operations[operation], int(iterations)), flush=True)


asyncio.run(main())
