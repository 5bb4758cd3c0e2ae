/**
 * Calls a service behind genuine-gateway with an API key: with WebCrypto and fetch, in Node from version 20 on, Deno, Bun and workers.
 * A key does not belong into a browser: a server exchanges it, and the browser gets the request token.
 *
 * What a key proves, and what it does not, is in docs/api-keys.md of the gateway.
 */

/** A key that signs. The secret is in base64url, as the gateway printed it. */
export interface SigningKey {
  readonly id: string;
  readonly secret: string;
}

/** The request that is signed. */
export interface SignedRequest {
  /** In capitals. */
  readonly method: string;
  /** What the gateway is configured to be called, such as `shop.example.com`. */
  readonly authority: string;
  /** Path and query exactly as they are sent. */
  readonly target: string;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** Seconds since 1970; now unless it is set. */
  readonly created?: number;
  /** 22 to 64 characters that no other request of the key has; random unless it is set. */
  readonly nonce?: string;
}

/** What goes with requests in the place of a key, for minutes. */
export interface RequestToken {
  readonly token: string;
  readonly scopes: readonly string[];
  /** In milliseconds since 1970, by the clock of this machine. */
  readonly expiresAt: number;
}

/** The key that a client has: one that is shown, or one that signs. */
export type Key = { readonly apiKey: string } | { readonly signingKey: SigningKey };

export type ClientOptions = Key & {
  readonly baseUrl: string;
  /** Unless it is set, the authority of `baseUrl`. */
  readonly authority?: string;
  readonly timeoutMs?: number;
};

const COMPONENTS = '("@method" "@authority" "@path" "@query" "content-digest")';
/** A token is not sent in its last seconds: it could end on its way. */
const MARGIN_MS = 10_000;
const NOTHING: Uint8Array<ArrayBuffer> = new Uint8Array();

/** The header Content-Digest (RFC 9530) of a body. */
export async function contentDigest(body: Uint8Array<ArrayBuffer>): Promise<string> {
  return `sha-256=:${toBase64(await crypto.subtle.digest("SHA-256", body))}:`;
}

/** The headers that sign a request (RFC 9421, hmac-sha256). They are good once, for a minute. */
export async function signRequest(key: SigningKey, request: SignedRequest): Promise<Record<string, string>> {
  const { method, authority, target, body = NOTHING } = request;
  const created = request.created ?? Math.floor(Date.now() / 1000);
  const nonce = request.nonce ?? toBase64url(crypto.getRandomValues(new Uint8Array(16)));
  const digest = await contentDigest(body);
  const mark = target.indexOf("?");
  const [path, query] = mark < 0 ? [target, "?"] : [target.slice(0, mark), target.slice(mark)];
  const params = `${COMPONENTS};created=${created};nonce="${nonce}";keyid="${key.id}";alg="hmac-sha256"`;
  const base = [
    `"@method": ${method}`,
    `"@authority": ${authority}`,
    `"@path": ${path}`,
    `"@query": ${query}`,
    `"content-digest": ${digest}`,
    `"@signature-params": ${params}`,
  ].join("\n");
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const secret = await crypto.subtle.importKey("raw", fromBase64url(key.secret), algorithm, false, ["sign"]);
  const mac = toBase64(await crypto.subtle.sign("HMAC", secret, new TextEncoder().encode(base)));
  return { "Content-Digest": digest, "Signature-Input": `sig=${params}`, Signature: `sig=:${mac}:` };
}

/** The gateway did not exchange the key. `code` says why, such as `api_key_rejected`. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(`${status} ${code}`);
    this.status = status;
    this.code = code;
  }
}

/** A client with a key. */
export class Client {
  readonly #options: ClientOptions;
  readonly #baseUrl: string;
  readonly #authority: string;
  #token: RequestToken | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#baseUrl = options.baseUrl.replace(/\/+$/, "");
    if (/[?#]/.test(this.#baseUrl)) throw new TypeError("a base URL has neither a query nor a fragment");
    this.#authority = options.authority ?? new URL(options.baseUrl).host;
  }

  /** Sends a request: signed, or with a request token, which is exchanged for when that is due. */
  async request(
    method: string,
    target: string,
    body?: Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const url = this.#url(target);
    if ("signingKey" in this.#options) {
      return this.#send(method, url, body, headers, await this.#signature(method, url, body));
    }
    const answer = await this.#send(method, url, body, headers, await this.#bearer());
    if (answer.status !== 401 || (await codeOf(answer.clone())) !== "request_token_rejected") return answer;
    // It ended early, by the gateway's clock.
    this.#token = undefined;
    return this.#send(method, url, body, headers, await this.#bearer());
  }

  /** Exchanges the key for a request token: for these scopes, or for all that the key has. */
  async exchange(...scopes: string[]): Promise<RequestToken> {
    const url = this.#url("/api-keys/tokens");
    const body = scopes.length === 0 ? NOTHING : new TextEncoder().encode(JSON.stringify({ scope: scopes.join(" ") }));
    const headers =
      "signingKey" in this.#options
        ? await this.#signature("POST", url, body)
        : { Authorization: `ApiKey ${this.#options.apiKey}` };
    const asked = Date.now();
    const answer = await this.#send("POST", url, body, {}, headers);
    if (answer.status !== 200) throw new Refused(answer.status, await codeOf(answer));
    const said = (await answer.json()) as { access_token: string; expires_in: number; scope: string };
    return { token: said.access_token, scopes: said.scope.split(" "), expiresAt: asked + said.expires_in * 1000 };
  }

  async #bearer(): Promise<Record<string, string>> {
    if (this.#token === undefined || Date.now() > this.#token.expiresAt - MARGIN_MS) this.#token = await this.exchange();
    return { Authorization: `Bearer ${this.#token.token}` };
  }

  /** Where a target is, in the spelling in which it is sent: that is what is signed. */
  #url(target: string): URL {
    if (!target.startsWith("/")) throw new TypeError("a target begins with a slash");
    if (target.includes("#")) throw new TypeError("a target has no fragment: nobody sends it");
    return new URL(this.#baseUrl + target);
  }

  #signature(method: string, url: URL, body?: Uint8Array<ArrayBuffer>): Promise<Record<string, string>> {
    if (!("signingKey" in this.#options)) throw new TypeError("this client has no key that signs");
    const target = url.pathname + url.search;
    return signRequest(this.#options.signingKey, { method, authority: this.#authority, target, body: body ?? NOTHING });
  }

  #send(
    method: string,
    url: URL,
    body: Uint8Array<ArrayBuffer> | undefined,
    callers: Record<string, string>,
    own: Record<string, string>,
  ): Promise<Response> {
    // Names have no case, and each header is there once: the caller's in the place of the default, and what shows a key in the place of
    // the caller's.
    const headers = new Headers({ "Content-Type": "application/json" });
    for (const [name, value] of [...Object.entries(callers), ...Object.entries(own)]) headers.set(name, value);
    return fetch(url, {
      method,
      headers,
      body: body === undefined || body.length === 0 ? null : body,
      // A redirection is an answer: what signs or shows a key for one address is not sent to another.
      redirect: "manual",
      signal: AbortSignal.timeout(this.#options.timeoutMs ?? 10_000),
    });
  }
}

async function codeOf(answer: Response): Promise<string> {
  const said: unknown = await answer.json().catch(() => undefined);
  return typeof said === "object" && said !== null && "code" in said ? String(said.code) : "";
}

function toBase64(octets: ArrayBuffer | Uint8Array): string {
  return btoa(String.fromCharCode(...new Uint8Array(octets)));
}

function toBase64url(octets: Uint8Array): string {
  return toBase64(octets).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const octets = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(octets, (octet) => octet.charCodeAt(0));
}
