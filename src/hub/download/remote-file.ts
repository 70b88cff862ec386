import { fileAddress } from "../address.js";
import type { HubConnection } from "../connection.js";
import { invalidResponse, type Subject, TemporaryFailure } from "../hub-error.js";
import { get, type HubResponse } from "../request.js";
import type { Validator } from "./journal.js";
import type { Span } from "./partial-file.js";

/** The file on the server changed after the download started. */
export class ContentChanged extends Error {}
/** The server does not support range requests. */
export class RangesUnsupported extends Error {}

/**
 * One file at a commit, read in parts. The Hub redirects to a signed storage address, which is reused for further parts
 * until it expires, since the Hub limits the rate of requests.
 */
export class RemoteFile {
  readonly subject: Subject;
  readonly #connection: HubConnection;
  readonly #address: URL;
  readonly #bytes: number;
  #storage: URL | undefined;
  #supportsRanges = false;

  constructor(connection: HubConnection, repo: string, commit: string, file: { path: string; bytes: number }) {
    this.subject = { doing: `downloading ${file.path} of ${repo}`, repo };
    this.#connection = connection;
    this.#address = fileAddress(connection.endpoint, repo, commit, file.path);
    this.#bytes = file.bytes;
  }

  /** Requests the whole file. */
  async fetchWhole(signal: AbortSignal): Promise<HubResponse> {
    const answer = await get(this.#connection, { url: this.#address, headers: plain, subject: this.subject, signal });
    return this.#checked(answer, 200, { start: 0, end: this.#bytes });
  }

  /**
   * Requests a part; `known` is the ETag at the start of the download. Throws ContentChanged, RangesUnsupported and the
   * errors of `get`.
   */
  async fetchRange(span: Span, known: Validator | undefined, signal: AbortSignal): Promise<HubResponse> {
    const headers: Record<string, string> = { ...plain, range: `bytes=${span.start}-${span.end - 1}` };
    const url = this.#storage ?? this.#address;
    if (known?.origin === url.origin && !known.etag.startsWith("W/")) headers["if-range"] = known.etag;
    const answer = await get(this.#connection, { url, headers, subject: this.subject, signal }).catch((error) => {
      // The address may have expired; the Hub returns a new one.
      this.#storage = undefined;
      throw error;
    });
    if (answer.url.origin !== this.#address.origin) this.#storage = answer.url;
    const validator = validatorOf(answer);
    const changed = known !== undefined && known.origin === validator?.origin && known.etag !== validator.etag;
    if (changed || answer.response.statusCode === 200) {
      answer.response.destroy();
      if (changed) throw new ContentChanged();
      if (!this.#supportsRanges) throw new RangesUnsupported();
      throw new TemporaryFailure(invalidResponse(this.subject, "the response is the whole file instead of a part"));
    }
    const part = this.#checked(answer, 206, span);
    this.#supportsRanges = true;
    return part;
  }

  #checked(answer: HubResponse, status: number, span: Span): HubResponse {
    const { statusCode, headers } = answer.response;
    const encoding = headers["content-encoding"] ?? "identity";
    const range = `bytes ${span.start}-${span.end - 1}/${this.#bytes}`;
    const length = Number(headers["content-length"] ?? span.end - span.start);
    const wrong =
      statusCode !== status
        ? `the status is ${statusCode} instead of ${status}`
        : status === 206 && headers["content-range"] !== range
          ? "the response has another range or file size than requested"
          : encoding !== "identity"
            ? "the response is compressed"
            : length !== span.end - span.start
              ? `the response has ${length} bytes instead of ${span.end - span.start}`
              : undefined;
    if (wrong === undefined) return answer;
    answer.response.destroy();
    throw new TemporaryFailure(invalidResponse(this.subject, wrong));
  }
}

/** Compressed content would have other offsets and another digest. */
const plain = { "accept-encoding": "identity" };

/** Returns the ETag of a response with the origin of its server. */
export function validatorOf({ response, url }: HubResponse): Validator | undefined {
  const { etag } = response.headers;
  return etag === undefined ? undefined : { origin: url.origin, etag };
}
