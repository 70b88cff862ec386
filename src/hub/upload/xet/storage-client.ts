import * as z from "zod";
import { isRedirectTarget } from "../../address.js";
import type { HubConnection } from "../../connection.js";
import { invalidResponse, type Subject, storageError, TemporaryFailure } from "../../hub-error.js";
import { readBody } from "../../read-body.js";
import { discard, get, type HubBody, type HubResponse, send } from "../../request.js";
import { retry } from "../../retry-policy.js";
import { callOnce } from "../call-api.js";
import { RestartUpload } from "../restart-upload.js";
import { hashToHex } from "./hashes.js";
import { maxKnownChunks } from "./known-chunks.js";
import { readShard } from "./shard.js";

/** Access to Xet's storage. */
interface Access {
  address: string;
  token: string;
  /** Milliseconds since 1970. */
  expires: number;
}

const tokenSchema = z.object({
  casUrl: z.string(),
  accessToken: z.string().regex(/^[\x21-\x7e]+$/),
  exp: z.number(),
});
/** A token that expires earlier is replaced before a request, which may take this long. */
const marginMs = 60_000;
const maxShardBytes = 2 ** 26;
/** Statuses that a retry of the same request does not change. */
const final = [400, 403, 404];

/** Calls Xet's content-addressed storage, each time with retries, and with a token that only its origin gets. */
export class StorageClient {
  readonly #connection: HubConnection;
  readonly #renewal: URL;
  readonly #subject: Subject;
  readonly #signal: AbortSignal;
  #access: Access | undefined;

  /** `renewal` is the Hub's address of the storage's address and token. */
  constructor(connection: HubConnection, renewal: URL, subject: Subject, signal: AbortSignal) {
    this.#connection = connection;
    this.#renewal = renewal;
    this.#subject = subject;
    this.#signal = signal;
  }

  /** Stores a xorb. Errors: QS-HUB-*; RestartUpload if the storage rejects it. */
  async storeXorb(name: string, body: HubBody): Promise<void> {
    await this.#post(`/v1/xorbs/default/${name}`, body, this.#connection.limits.stallMs);
  }

  /** Registers files and xorbs, which the storage checks first. Errors: QS-HUB-*; RestartUpload if the storage does not have all their xorbs. */
  async storeShard(body: HubBody): Promise<void> {
    await this.#post("/v1/shards", body, this.#connection.limits.commitStallMs);
  }

  /** Returns the xorbs of files with a chunk; undefined for an unknown chunk. Errors: QS-HUB-*. */
  async findChunk(hash: Uint8Array): Promise<ReturnType<typeof readShard>> {
    const signal = this.#signal;
    return retry(this.#connection.limits, signal, async () => {
      const answer = await this.#call((connection, address) => {
        const url = new URL(`${address}/v1/chunks/default/${hashToHex(hash)}`);
        const request = { url, headers: {}, subject: this.#subject, signal };
        return get(connection, { ...request, accept: [401, ...final] });
      });
      const body = await readBody(answer, maxShardBytes, this.#subject);
      return answer.response.statusCode === 200 ? readShard(body, maxKnownChunks) : undefined;
    });
  }

  async #post(path: string, body: HubBody, stallMs: number): Promise<void> {
    const [subject, signal] = [this.#subject, this.#signal];
    const status = await retry(this.#connection.limits, signal, async () => {
      const { response } = await this.#call((connection, address) => {
        const headers = { "content-type": "application/octet-stream" };
        const request = { url: new URL(`${address}${path}`), headers, subject, signal };
        return send(connection, { ...request, method: "POST", body, stallMs, accept: [401, ...final] });
      });
      discard(response);
      return response.statusCode ?? 0;
    });
    if (final.includes(status)) throw new RestartUpload(new TemporaryFailure(storageError(status, subject)));
  }

  /** Sends one request with a valid token. */
  async #call(request: (connection: HubConnection, address: string) => Promise<HubResponse>): Promise<HubResponse> {
    if (this.#access === undefined || this.#access.expires < Date.now() + marginMs) this.#access = await this.#renew();
    const { address, token } = this.#access;
    const answer = await request(withToken(this.#connection, new URL(address).origin, token), address);
    if (answer.response.statusCode !== 401) return answer;
    discard(answer.response);
    this.#access = undefined;
    throw new TemporaryFailure(storageError(401, this.#subject));
  }

  async #renew(): Promise<Access> {
    const subject = this.#subject;
    const { json } = await callOnce(this.#connection, { method: "GET", path: this.#renewal, subject }, this.#signal);
    const { data } = tokenSchema.safeParse(json);
    if (data === undefined)
      throw new TemporaryFailure(invalidResponse(subject, "the response contains no access to the storage"));
    const address = data.casUrl.replace(/\/+$/, "");
    if (!URL.canParse(address) || !isRedirectTarget(new URL(address), this.#connection.endpoint))
      throw invalidResponse(subject, "the address of the storage is not safe");
    return { address, token: data.accessToken, expires: data.exp * 1000 };
  }
}

/** A connection that sends a token to one origin and never quotes it. */
function withToken(connection: HubConnection, origin: string, token: string): HubConnection {
  return {
    ...connection,
    authorize: (url) => (url.origin === origin ? { authorization: `Bearer ${token}` } : {}),
    quote: (text) => connection.quote(text.replaceAll(token, "[redacted]")),
  };
}
