import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { downloadFile } from "@huggingface/hub";
import { QuantsmithError } from "../util/errors.js";
import type { HubConnection } from "./connection.js";
import { asHubError } from "./hub-error.js";
import type { HubFile } from "./list-model.js";

export interface DownloadOptions {
  repo: string;
  commit: string;
  file: HubFile;
  /** Where to write it; the caller's temporary place. */
  to: string;
  signal: AbortSignal;
  onBytes: (bytes: number) => void;
}

/**
 * Downloads one file at a commit and checks its size and digest while writing.
 * Errors: QS-FETCH-HASH for other bytes than the Hub promised, QS-HUB-*.
 */
export async function download(connection: HubConnection, options: DownloadOptions): Promise<void> {
  const { repo, commit, file, to, signal } = options;
  let received = 0;
  const hash = hashOf(file);
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      hash.update(chunk);
      options.onBytes(chunk.length);
      done(null, chunk);
    },
  });
  try {
    const blob = await downloadFile({
      repo,
      path: file.path,
      revision: commit,
      hubUrl: connection.endpoint,
      ...(connection.token === undefined ? {} : { accessToken: connection.token }),
      xet: false,
    });
    if (blob === null)
      throw new QuantsmithError("QS-HUB-MISSING", `${repo} has no ${file.path} at ${commit}`, {
        remedy: "Run again; if it stays so, the repository is damaged.",
      });
    await pipeline(Readable.fromWeb(blob.stream() as never), meter, createWriteStream(to), { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw asHubError(error, `downloading ${file.path}`, repo);
  }
  const [algorithm, expected] = file.digest.split(":");
  const actual = hash.digest("hex");
  if (received !== file.bytes || actual !== expected) {
    throw new QuantsmithError("QS-FETCH-HASH", `${repo}/${file.path} arrived with other content than the Hub lists`, {
      remedy: `Run again. Expected ${algorithm} ${expected} and ${file.bytes} bytes, got ${actual} and ${received}.`,
    });
  }
}

/** Git hashes a blob as its header and its content. */
function hashOf(file: HubFile) {
  if (file.digest.startsWith("sha256:")) return createHash("sha256");
  return createHash("sha1").update(`blob ${file.bytes}\0`);
}
