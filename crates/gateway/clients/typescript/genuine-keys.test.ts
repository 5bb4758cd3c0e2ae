// Against a running gateway, which tests/api_key_clients.rs starts.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { Client, Refused, contentDigest, signRequest } from "./genuine-keys.js";

function setting(name: string): string {
  const value = process.env[name];
  assert.ok(value !== undefined, `${name} is missing`);
  return value;
}

const gateway = setting("GATEWAY");
const authority = setting("AUTHORITY");
const apiKey = setting("API_KEY");
const signingKey = { id: setting("SIGNING_ID"), secret: setting("SIGNING_SECRET") };
const orders = "/partner/orders?item=7";
const octets = (text: string) => new TextEncoder().encode(text);

const signing = () => new Client({ baseUrl: gateway, authority, signingKey, timeoutMs: 20_000 });
const showing = (key = apiKey) => new Client({ baseUrl: gateway, authority, apiKey: key, timeoutMs: 20_000 });

async function answered(answer: Response): Promise<[number, string | undefined]> {
  return [answer.status, ((await answer.json()) as { code?: string }).code];
}

test("each method and body arrives with its holder", async () => {
  for (const [method, target, text] of [
    ["POST", orders, '{"count":2}'],
    ["GET", "/partner/orders", ""],
    ["PUT", "/partner/orders?a=b%20c&a=?", "\u{0}ÿ".repeat(100)],
    ["DELETE", orders, ""],
  ] as const) {
    const answer = await signing().request(method, target, octets(text));
    assert.equal(answer.status, 200);
    const body = createHash("sha256").update(text).digest("hex");
    const expected = { application: "partner-web", key: signingKey.id, kind: "signature", scopes: ["orders:read"], body };
    assert.deepEqual(await answer.json(), expected);
  }
});

test("a signature is good once and for its request", async () => {
  const sign = (changes = {}) =>
    signRequest(signingKey, { method: "POST", authority, target: orders, body: octets("{}"), ...changes });
  const send = (headers: Record<string, string>, body = "{}", target = orders, method = "POST") =>
    fetch(gateway + target, { method, headers, body });
  const once = await sign();
  assert.deepEqual(await answered(await send(once)), [200, undefined]);
  assert.deepEqual(await answered(await send(once)), [401, "signature_rejected"]);
  const old = await sign({ created: Math.floor(Date.now() / 1000) - 120 });
  assert.deepEqual(await answered(await send(old)), [401, "signature_rejected"]);
  assert.deepEqual(await answered(await send(await sign(), "{ }")), [401, "signature_rejected"]);
  assert.deepEqual(await answered(await send(await sign(), "{}", `${orders}8`)), [401, "api_key_rejected"]);
  assert.deepEqual(await answered(await send(await sign(), "{}", orders, "PUT")), [401, "api_key_rejected"]);
  const other = { ...(await sign()), "Content-Digest": await contentDigest(octets("{ }")) };
  assert.deepEqual(await answered(await send(other, "{ }")), [401, "api_key_rejected"]);
  assert.deepEqual(await answered(await send(await sign({ nonce: "short" }))), [400, "malformed"]);
});

test("what is signed is what is sent", async () => {
  for (const target of [
    "/partner/orders?n=O'B",
    "/partner/orders?x={x}&y=a b",
    "/partner/orders?ü=%c3%bc|\\",
    "/partner/orders?",
    "/a/../partner/orders",
    "/a/%2e%2E/./partner/orders?x=../y",
    "/partner\\orders",
  ]) {
    const answer = await signing().request("POST", target, octets("{}"));
    assert.deepEqual(await answered(answer), [200, undefined], target);
  }
  await assert.rejects(signing().request("POST", "/partner/orders#part", octets("{}")), /no fragment/);
  await assert.rejects(showing().request("POST", "/partner/orders#part", octets("{}")), /no fragment/);
  for (const target of ["partner/orders", ".example.com/", "@example.com/", ""]) {
    await assert.rejects(signing().request("GET", target), /begins with a slash/);
  }
  for (const end of ["?a", "#a", "/?"]) assert.throws(() => new Client({ baseUrl: gateway + end, apiKey }), /neither/);
});

test("each header is sent once, in whatever spelling the caller has it", async (t) => {
  let seen: string[] = [];
  const server = createServer((request, response) => {
    seen = request.rawHeaders;
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ access_token: "t", expires_in: 60, scope: "a" }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  // Also if an assertion fails: an open server would keep the process.
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const values = (name: string) => seen.filter((_, at) => at % 2 === 1 && seen[at - 1]?.toLowerCase() === name);
  const headers = { "content-type": "text/plain", authorization: "Basic abc", "CONTENT-DIGEST": "x" };
  await new Client({ baseUrl, apiKey: "gk_a.b" }).request("POST", "/", octets("a"), headers);
  assert.deepEqual([values("content-type"), values("authorization")], [["text/plain"], ["Bearer t"]]);
  await new Client({ baseUrl, signingKey }).request("POST", "/", octets("a"), headers);
  assert.deepEqual([values("content-type"), values("authorization")], [["text/plain"], ["Basic abc"]]);
  assert.deepEqual(values("content-digest"), [await contentDigest(octets("a"))]);
  await new Client({ baseUrl, signingKey }).request("POST", "/", octets("a"));
  assert.deepEqual(values("content-type"), ["application/json"]);
});

test("a route of another scope is closed", async () => {
  assert.deepEqual(await answered(await signing().request("POST", "/partner/write")), [403, "insufficient_scope"]);
});

test("a key is exchanged for a token, and the token comes with requests", async () => {
  for (const client of [signing(), showing()]) {
    const token = await client.exchange("orders:read");
    assert.deepEqual(token.scopes, ["orders:read"]);
    const answer = await fetch(gateway + orders, { headers: { Authorization: `Bearer ${token.token}` } });
    assert.equal(((await answer.json()) as { kind: string }).kind, "token");
  }
  const client = showing();
  for (const body of ["one", "two"]) {
    const answer = await client.request("POST", orders, octets(body));
    assert.equal(((await answer.json()) as { kind: string }).kind, "token");
  }
});

test("what is refused says why", async () => {
  const refused = (status: number, code: string) => (error: unknown) =>
    error instanceof Refused && error.status === status && error.code === code;
  await assert.rejects(showing().exchange("orders:write"), refused(403, "insufficient_scope"));
  await assert.rejects(showing().exchange("ORDERS"), refused(400, "malformed"));
  await assert.rejects(showing(`${apiKey}A`).request("GET", orders), refused(401, "api_key_rejected"));
});

test("the example of the document", async () => {
  const secret = Buffer.from(Array.from({ length: 32 }, (_, octet) => octet)).toString("base64url");
  const headers = await signRequest(
    { id: "gk_AAAAAAAAAAAAAAAA", secret },
    {
      method: "POST",
      authority: "shop.example.com",
      target: "/partner/orders?item=7",
      body: octets('{"count":2}'),
      created: 1796040000,
      nonce: "b3JkZXItNy1uby0wMDAx-1",
    },
  );
  const document = await readFile(setting("DOCUMENT"), "utf8");
  for (const [name, value] of Object.entries(headers)) assert.ok(document.includes(`${name}: ${value}\n`), name);
});
