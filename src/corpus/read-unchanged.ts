import { readFile } from "node:fs/promises";
import { QuantsmithError } from "../util/errors.js";
import { sha256 } from "../util/sha256.js";

/**
 * Reads a text or a picture and verifies its sha256, if known. Results are cached under that digest, so a changed file would
 * corrupt the cache. Throws QS-INPUT-CHANGED.
 */
export async function readUnchanged(path: string, digest: string | undefined): Promise<Uint8Array> {
  const bytes = await readFile(path);
  if (digest === undefined || sha256(bytes) === digest) return bytes;
  throw new QuantsmithError("QS-INPUT-CHANGED", `${path} changed during the run`, {
    remedy: "Run again to use the new file.",
    at: { file: path },
  });
}
