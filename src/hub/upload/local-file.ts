import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { QuantsmithError } from "../../util/errors.js";
import { sha256File } from "../../util/sha256.js";
import type { HubBody } from "../request.js";

/** A local file to upload to a repository. */
export interface LocalFile {
  /** Path in the repository, separated by `/`. */
  path: string;
  /** Absolute local path. */
  source: string;
  bytes: number;
  sha256: string;
  /** Modification time in milliseconds, which detects changes after hashing. */
  modifiedMs: number;
}

/** Describes a file; hashes its content if `sha256` is not given. Rejects with Node's error. */
export async function localFile(path: string, source: string, sha256?: string): Promise<LocalFile> {
  const { size, mtimeMs } = await stat(source);
  return { path, source, bytes: size, sha256: sha256 ?? (await sha256File(source)), modifiedMs: mtimeMs };
}

/** Returns a request body for a part of a file; `onBytes` receives the bytes sent so far. */
export function filePart(
  { source }: LocalFile,
  start: number,
  end: number,
  onBytes: (bytes: number) => void = () => undefined,
): HubBody {
  return {
    bytes: end - start,
    open: () => {
      let bytes = 0;
      onBytes(0);
      if (start === end) return Readable.from([]);
      const stream = createReadStream(source, { start, end: end - 1, highWaterMark: 2 ** 18 });
      stream.on("data", (chunk) => {
        bytes += chunk.length;
        onBytes(bytes);
      });
      return stream;
    },
  };
}

/** Throws QS-INPUT-CHANGED if the file changed after it was hashed. */
export async function requireUnchanged({ source, path, bytes, modifiedMs }: LocalFile): Promise<void> {
  const { size, mtimeMs } = await stat(source);
  if (size === bytes && mtimeMs === modifiedMs) return;
  throw new QuantsmithError("QS-INPUT-CHANGED", `${path} changed during the upload`, {
    remedy: "Publish again, and do not change the release until it is published.",
    at: { file: source },
  });
}
