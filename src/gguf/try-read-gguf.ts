import { QuantsmithError } from "../util/errors.js";
import type { Gguf } from "./gguf.js";
import { readGguf } from "./read-header.js";

/** Reads a header and returns the message of an expected error instead of throwing it, for callers that report problems. */
export async function tryReadGguf(path: string): Promise<Gguf | string> {
  try {
    return await readGguf(path);
  } catch (error) {
    if (error instanceof QuantsmithError) return error.message;
    throw error;
  }
}
