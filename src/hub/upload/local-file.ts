import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { QuantsmithError } from "../../util/errors.js";
import { sha256File } from "../../util/sha256.js";
import type { HubBody } from "../request.js";

/** A file on this machine that is to stand in a repository. */
export interface LocalFile {
  /** In the repository, `/` between parts. */
  path: string;
  /** Absolute, on this machine. */
  source: string;
  bytes: number;
  sha256: string;
  /** When the content was last changed, in milliseconds: the digest is that of this state. */
  modifiedMs: number;
}

/** Describes a file; its content is read when the digest is not known. Rejects with Node's error. */
export async function localFile(path: string, source: string, sha256?: string): Promise<LocalFile> {
  const { size, mtimeMs } = await stat(source);
  return { path, source, bytes: size, sha256: sha256 ?? (await sha256File(source)), modifiedMs: mtimeMs };
}

/** A part of a file as a request sends it; `onBytes` is told how much was handed over so far. */
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

/** Throws QS-INPUT-CHANGED when the file is not what its digest was taken of. */
export async function requireUnchanged({ source, path, bytes, modifiedMs }: LocalFile): Promise<void> {
  const { size, mtimeMs } = await stat(source);
  if (size === bytes && mtimeMs === modifiedMs) return;
  throw new QuantsmithError("QS-INPUT-CHANGED", `${path} was changed while it was being uploaded`, {
    remedy: "Leave the release alone until it is published, then publish again.",
    at: { file: source },
  });
}
