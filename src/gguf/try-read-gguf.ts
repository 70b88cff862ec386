import { QuantsmithError } from "../util/errors.js";
import type { Gguf } from "./gguf.js";
import { readGguf } from "./read-header.js";

/** The header, or why it cannot be read, for those who judge a file: a broken one is a finding to them, no error. */
export async function tryReadGguf(path: string): Promise<Gguf | string> {
  try {
    return await readGguf(path);
  } catch (error) {
    if (error instanceof QuantsmithError) return error.message;
    throw error;
  }
}
