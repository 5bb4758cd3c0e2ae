// Requests signed by http-message-signatures of npm pass the gateway, and that library verifies what clients/typescript signs.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createSigner, createVerifier, httpbis } from "http-message-signatures";

const { GATEWAY, AUTHORITY, SIGNING_ID, SIGNING_SECRET, CLIENT } = process.env;
const { signRequest } = await import(CLIENT);

const secret = Buffer.from(SIGNING_SECRET, "base64url");
const fields = ["@method", "@authority", "@path", "@query", "content-digest"];
const requests = [
  ["POST", "/partner/orders?item=7", '{"count":2}'],
  ["GET", "/partner/orders", ""],
  ["PUT", "/partner/orders?a=b%20c&a=", "\u{0}ÿ".repeat(100)],
];
const key = createSigner(secret, "hmac-sha256", SIGNING_ID);
const verify = createVerifier(secret, "hmac-sha256");
const verification = {
  keyLookup: async ({ keyid }) => (keyid === SIGNING_ID ? { id: keyid, algs: ["hmac-sha256"], verify } : null),
  requiredFields: fields,
  maxAge: 60,
};
const send = async (method, target, body, headers) =>
  (await fetch(GATEWAY + target, { method, headers, body: body === "" ? null : body })).status;

for (const [method, target, body] of requests) {
  const url = `http://${AUTHORITY}${target}`;
  const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
  const params = ["created", "nonce", "keyid", "alg"];
  const paramValues = { nonce: randomBytes(24).toString("base64url") };
  const message = { method, url, headers: { "Content-Digest": digest } };
  const { headers } = await httpbis.signMessage({ key, name: "oracle", fields, params, paramValues }, message);
  assert.equal(await send(method, target, body, headers), 200, `${method} ${target}`);
  assert.equal(await send(method, target, body, headers), 401, "a copy");

  const octets = new TextEncoder().encode(body);
  const ours = await signRequest({ id: SIGNING_ID, secret: SIGNING_SECRET }, { method, authority: AUTHORITY, target, body: octets });
  assert.equal(await httpbis.verifyMessage(verification, { method, url, headers: ours }), true);
  assert.equal(await httpbis.verifyMessage(verification, { method: "PATCH", url, headers: ours }), false);
}
console.log(`${requests.length} requests each way`);
