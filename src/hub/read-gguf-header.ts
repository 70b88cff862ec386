import { type GGUFParseOutput, type GGUFTypedMetadata, gguf } from "@huggingface/gguf";
import { fileAddress } from "./address.js";
import type { HubConnection } from "./connection.js";
import { RemoteFile } from "./download/remote-file.js";
import type { HubFile } from "./hub-file.js";
import { readBody } from "./read-body.js";
import { retry } from "./retry-policy.js";

/** Metadata and tensor table of a GGUF file on the Hub, as parsed by @huggingface/gguf. */
export type RemoteGguf = GGUFParseOutput<{ strict: false }> & { typedMetadata: GGUFTypedMetadata };

/**
 * Reads the header of a GGUF file at a commit, 2 MB at a time, with @huggingface/gguf, the parser of the Hub's pages: a
 * header that it accepts is displayed there. Requests follow this module's redirect, retry and token rules.
 * Errors: QS-HUB-*; the library's `Error` for an invalid header.
 */
export async function readGgufHeader(
  connection: HubConnection,
  { repo, commit, file }: { repo: string; commit: string; file: HubFile },
  signal: AbortSignal,
): Promise<RemoteGguf> {
  const remote = new RemoteFile(connection, repo, commit, file);
  const parts: typeof fetch = async (_address, init) => {
    const [, from = "0", to = "0"] = /^bytes=(\d+)-(\d+)$/.exec(new Headers(init?.headers).get("range") ?? "") ?? [];
    const span = { start: Number(from), end: Math.min(Number(to) + 1, file.bytes) };
    // The library may request a part beyond the end of the file.
    if (span.start >= span.end) return new Response(new Uint8Array());
    const body = await retry(connection.limits, signal, async () =>
      readBody(await remote.fetchRange(span, undefined, signal), span.end - span.start, remote.subject),
    );
    return new Response(body, { headers: { "content-range": `bytes ${span.start}-${span.end - 1}/${file.bytes}` } });
  };
  const address = fileAddress(connection.endpoint, repo, commit, file.path).href;
  return (await gguf(address, { fetch: parts, typedMetadata: true })) as RemoteGguf;
}
