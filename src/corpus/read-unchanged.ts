import { readFile } from "node:fs/promises";
import { QuantsmithError } from "../util/errors.js";
import { sha256 } from "../util/sha256.js";

/**
 * Reads a text whose sha256 is known, if it is. What is made of it is kept under that digest, so that another text would
 * be believed for ever. Errors: QS-INPUT-CHANGED.
 */
export async function readUnchanged(path: string, digest: string | undefined): Promise<Uint8Array> {
  const bytes = await readFile(path);
  if (digest === undefined || sha256(bytes) === digest) return bytes;
  throw new QuantsmithError("QS-INPUT-CHANGED", `${path} was changed while the run was using it`, {
    remedy: "Run again; the plan then sees the new text.",
    at: { file: path },
  });
}
