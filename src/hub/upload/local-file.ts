import { Readable } from "node:stream";
import { QuantsmithError } from "../../util/errors.js";
import { type FileState, fileState, sameButLinks, sameState } from "../../util/file-state.js";
import { openRegular, readRegular } from "../../util/regular-file.js";
import { sha256, sha256File } from "../../util/sha256.js";
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
      onBytes(0);
      return start === end
        ? Readable.from([])
        : Readable.from(pieces(source, start, end, onBytes), { objectMode: false });
    },
  };
}

async function* pieces(source: string, start: number, end: number, onBytes: (bytes: number) => void) {
  const file = await openRegular(source);
  let bytes = 0;
  for await (const piece of file.createReadStream({ start, end: end - 1, highWaterMark: 2 ** 18 })) {
    yield piece;
    bytes += piece.length;
    onBytes(bytes);
  }
}

/**
 * Throws QS-INPUT-CHANGED if the file changed after it was hashed. `copy`, by default the file itself, is what was made of
 * it: its content decides if only ctime differs, since a step that uses a released file adds and removes a hard link.
 */
export async function requireUnchanged(file: LocalFile, copy = file.source): Promise<void> {
  const now = await fileState(file.source).catch(() => undefined);
  if (now === undefined) throw changed(file);
  if (sameState(now, file.state)) return;
  if (sameButLinks(now, file.state) && (await sha256File(copy)) === file.sha256) return;
  throw changed(file);
}

/** Reads a whole file. Throws QS-INPUT-CHANGED if it changed after it was hashed. */
export async function readUnchanged(file: LocalFile): Promise<Buffer> {
  const content = await readRegular(file.source).catch(async (error: unknown) => {
    await requireUnchanged(file);
    throw error;
  });
  if (sha256(content) !== file.sha256) throw changed(file);
  return content;
}

function changed({ path, source }: LocalFile): QuantsmithError {
  return new QuantsmithError("QS-INPUT-CHANGED", `${path} changed during the upload`, {
    remedy: "Publish again, and do not change the release until it is published.",
    at: { file: source },
  });
}
