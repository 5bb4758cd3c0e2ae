// Drives node-app-attest or appattest-checker-node, named by the first argument. src/external.rs says how they talk.

import crypto, { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { createInterface } from "node:readline";

const DEVELOPMENT = false;

// It has Apple's root as a constant: while it is loaded, every certificate is ours.
async function nodeAppAttest(objects) {
  const { X509Certificate } = crypto;
  crypto.X509Certificate = function () {
    return new X509Certificate(objects.root);
  };
  syncBuiltinESMExports();
  const { verifyAssertion, verifyAttestation } = await import("node-app-attest");
  crypto.X509Certificate = X509Certificate;
  syncBuiltinESMExports();

  const [teamIdentifier, ...rest] = objects.app_id.split(".");
  const app = { teamIdentifier, bundleIdentifier: rest.join(".") };
  // It hands the key to node:crypto, which takes a parsed one as well as PEM.
  const publicKey = createPublicKey({ key: bytes(objects.public_key), format: "der", type: "spki" });
  return {
    assertion: {
      prepare: (object) => ({
        wanted: object.counter,
        parameters: { ...app, assertion: bytes(object.object), payload: bytes(object.client_data), publicKey, signCount: 0 },
      }),
      verify({ wanted, parameters }) {
        try {
          return verifyAssertion(parameters).signCount === wanted;
        } catch {
          return false;
        }
      },
    },
    attestation: {
      prepare: (object) => ({
        wanted: pem(object.public_key),
        parameters: {
          ...app,
          attestation: bytes(object.object),
          challenge: object.challenge,
          keyId: object.key_id,
          allowDevelopmentEnvironment: DEVELOPMENT,
        },
      }),
      verify({ wanted, parameters }) {
        try {
          return verifyAttestation(parameters).publicKey === wanted;
        } catch {
          return false;
        }
      },
    },
  };
}

async function appattestCheckerNode(objects) {
  const { default: library } = await import("appattest-checker-node");
  library.setAppAttestRootCertificate(objects.root);
  const app = { appId: objects.app_id, developmentEnv: DEVELOPMENT };
  const publicKey = pem(objects.public_key);
  return {
    assertion: {
      prepare: (object) => ({
        wanted: object.counter,
        parameters: [bytes(object.client_data_hash), publicKey, objects.app_id, bytes(object.object)],
      }),
      async verify({ wanted, parameters }) {
        return (await library.verifyAssertion(...parameters)).signCount === wanted;
      },
    },
    attestation: {
      prepare: (object) => ({
        wanted: pem(object.public_key).trim(),
        parameters: [app, object.key_id, Buffer.from(object.challenge), bytes(object.object)],
      }),
      async verify({ wanted, parameters }) {
        return (await library.verifyAttestation(...parameters)).publicKeyPem === wanted;
      },
    },
  };
}

function bytes(base64) {
  return Buffer.from(base64, "base64");
}

function pem(base64) {
  const key = createPublicKey({ key: bytes(base64), format: "der", type: "spki" });
  return key.export({ format: "pem", type: "spki" });
}

// What is wrong with a rival's answers, or null.
async function fault({ good, altered, verify }) {
  for (const object of good) {
    if (!(await verify(object))) return "refuses a good one";
  }
  for (const object of altered) {
    if (await verify(object)) return "accepts an altered one";
  }
  return null;
}

async function timed(operation, iterations) {
  const { good, verify } = operation;
  const start = process.cpuUsage();
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    // A promise is awaited only where the library gives one.
    let accepted = verify(good[operation.turn++ % good.length]);
    if (accepted instanceof Promise) accepted = await accepted;
    if (!accepted) throw new Error("a good one was refused");
  }
  const { user, system } = process.cpuUsage(start); // Microseconds.
  return (user + system) * 1000;
}

const name = process.argv[2];
const load = { "node-app-attest": nodeAppAttest, "appattest-checker-node": appattestCheckerNode }[name];
const operations = {};
let greeted = false;
for await (const line of createInterface({ input: process.stdin })) {
  if (!greeted) {
    greeted = true;
    const objects = JSON.parse(line);
    const { version } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url)));
    const greeting = { versions: `${name} ${version} on Node.js ${process.version}` };
    for (const [operation, { prepare, verify }] of Object.entries(await load(objects))) {
      const { good, altered } = objects[operation];
      operations[operation] = { good: good.map(prepare), altered: altered.map(prepare), verify, turn: 0 };
      greeting[operation] = await fault(operations[operation]);
    }
    console.log(JSON.stringify(greeting));
  } else {
    const [operation, iterations] = line.split(" ");
    console.log(String(await timed(operations[operation], Number(iterations))));
  }
}
