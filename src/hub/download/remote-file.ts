import { fileAddress } from "../address.js";
import type { HubConnection } from "../connection.js";
import { invalidResponse, type Subject, TemporaryFailure } from "../hub-error.js";
import { get, type HubResponse } from "../request.js";
import type { Validator } from "./journal.js";
import type { Span } from "./partial-file.js";

/** The server has other content under this name than what was begun with. */
export class ContentChanged extends Error {}
/** The server gives whole files only. */
export class RangesUnsupported extends Error {}

/**
 * One file at a commit, to be read in parts. The Hub answers with a signed address at its storage, which is asked
 * directly for the next parts until it expires: fewer questions to the Hub, which limits them.
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

  /** Asks for the whole file. */
  async fetchWhole(signal: AbortSignal): Promise<HubResponse> {
    const answer = await get(this.#connection, { url: this.#address, headers: plain, subject: this.subject, signal });
    return this.#checked(answer, 200, { start: 0, end: this.#bytes });
  }

  /**
   * Asks for a part; `known` is what the content begun with is known by. Throws ContentChanged and RangesUnsupported besides
   * what `get` throws.
   */
  async fetchRange(span: Span, known: Validator | undefined, signal: AbortSignal): Promise<HubResponse> {
    const headers: Record<string, string> = { ...plain, range: `bytes=${span.start}-${span.end - 1}` };
    const url = this.#storage ?? this.#address;
    if (known?.origin === url.origin && !known.etag.startsWith("W/")) headers["if-range"] = known.etag;
    const answer = await get(this.#connection, { url, headers, subject: this.subject, signal }).catch((error) => {
      // It may have expired; the Hub gives a new one.
      this.#storage = undefined;
      throw error;
    });
    if (answer.url.origin !== this.#address.origin) this.#storage = answer.url;
    const validator = validatorOf(answer);
    const moved = known !== undefined && known.origin === validator?.origin && known.etag !== validator.etag;
    if (moved || answer.response.statusCode === 200) {
      answer.response.destroy();
      if (moved) throw new ContentChanged();
      if (!this.#supportsRanges) throw new RangesUnsupported();
      throw new TemporaryFailure(invalidResponse(this.subject, "the whole file instead of a part"));
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
        ? `status ${statusCode} instead of ${status}`
        : status === 206 && headers["content-range"] !== range
          ? "another part of the file than the one asked for, or a file of another size"
          : encoding !== "identity"
            ? "content in an encoding that was not asked for"
            : length !== span.end - span.start
              ? `${length} bytes instead of ${span.end - span.start}`
              : undefined;
    if (wrong === undefined) return answer;
    answer.response.destroy();
    throw new TemporaryFailure(invalidResponse(this.subject, wrong));
  }
}

/** Compressed content has other offsets and another digest. */
const plain = { "accept-encoding": "identity" };

/** What an answer's content is known by at the server that gave it. */
export function validatorOf({ response, url }: HubResponse): Validator | undefined {
  const { etag } = response.headers;
  return etag === undefined ? undefined : { origin: url.origin, etag };
}
