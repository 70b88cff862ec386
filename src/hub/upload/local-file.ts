import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { QuantsmithError } from "../../util/errors.js";
import { type FileState, fileState, sameButLinks, sameState } from "../../util/file-state.js";
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
  /** State before it was hashed. */
  state: FileState;
}

/** Describes a file; hashes its content if `sha256` is not given. Rejects with Node's error. */
export async function localFile(path: string, source: string, sha256?: string): Promise<LocalFile> {
  const state = await fileState(source);
  return { path, source, bytes: state.bytes, sha256: sha256 ?? (await sha256File(source)), state };
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
export async function requireUnchanged({ source, path, sha256, state }: LocalFile): Promise<void> {
  const now = await fileState(source);
  if (sameState(now, state)) return;
  // A step that uses a released file adds and removes a hard link, which leaves no other trace than an edit.
  if (sameButLinks(now, state) && (await sha256File(source)) === sha256) return;
  throw new QuantsmithError("QS-INPUT-CHANGED", `${path} changed during the upload`, {
    remedy: "Publish again, and do not change the release until it is published.",
    at: { file: source },
  });
}
