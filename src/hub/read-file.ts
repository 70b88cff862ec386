import { createHash } from "node:crypto";
import { join } from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { readRegular } from "../util/regular-file.js";
import type { HubConnection } from "./connection.js";
import { parseDigest } from "./digest.js";
import { repoCache } from "./download/cache-layout.js";
import { RemoteFile } from "./download/remote-file.js";
import { invalidResponse, offlineError, TemporaryFailure } from "./hub-error.js";
import type { HubFile } from "./hub-file.js";
import { readBody } from "./read-body.js";
import { retry } from "./retry-policy.js";

const never = new AbortController().signal;

/**
 * Reads a small file at a commit into memory, from the cache if present; writes nothing.
 * Errors: QS-HUB-ANSWER above `maxBytes`, QS-FETCH-HASH, QS-HUB-*.
 */
export async function readHubFile(
  connection: HubConnection,
  { repo, commit, file, maxBytes }: { repo: string; commit: string; file: HubFile; maxBytes: number },
  signal: AbortSignal = never,
): Promise<Buffer> {
  const digest = parseDigest(file.digest, file.bytes);
  const matches = (content: Buffer) =>
    createHash(digest.algorithm).update(digest.prefix).update(content).digest("hex") === digest.hex;
  const remote = new RemoteFile(connection, repo, commit, file);
  if (file.bytes > maxBytes)
    throw invalidResponse(remote.subject, `the file has ${file.bytes} bytes, the limit is ${maxBytes}`);
  const blob = join(repoCache(connection.cacheFolder, repo).blobs, digest.hex);
  const cached = await readRegular(blob, maxBytes).catch(() => undefined);
  if (cached !== undefined && matches(cached)) return cached;
  if (connection.offline) throw offlineError(`${file.path} of ${repo} at ${commit}`);
  return retry(connection.limits, signal, async () => {
    const content = await readBody(await remote.fetchWhole(signal), maxBytes, remote.subject);
    if (matches(content)) return content;
    throw new TemporaryFailure(
      new QuantsmithError("QS-FETCH-HASH", `the digest of ${repo}/${file.path} differs from the Hub's listing`, {
        remedy: "Check `HF_ENDPOINT` and the proxies in use: one of them may change the content.",
      }),
    );
  });
}
