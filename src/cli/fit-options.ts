import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findModels } from "../hardware/fit/find-models.js";
import { type MeasuredModel, measureModels } from "../hardware/fit/measure-models.js";
import { type KvType, kvTypes } from "../hardware/memory/memory.js";
import { parseBytes } from "../util/bytes.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { interruptSignal } from "./interrupt.js";

/** The models that a user names, with their memory. Throws what `findModels` and `measureMemory` throw. */
export async function loadModels(paths: readonly string[]): Promise<MeasuredModel[]> {
  const scratch = await mkdtemp(join(tmpdir(), "quantsmith-fit-"));
  try {
    return await measureModels(await findModels(paths, scratch), interruptSignal());
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Tokens of context from the command line. Throws QS-USAGE. */
export function parseContext(text: string): number {
  const context = Number(text);
  if (/^\d+$/.test(text) && context > 0 && Number.isSafeInteger(context)) return context;
  throw usage(`--context is ${quote(text)}`, "Write a number of tokens, such as 8192.");
}

/** Type of the KV cache from the command line. Throws QS-USAGE. */
export function parseKvType(text: string): KvType {
  const found = kvTypes.find((type) => type === text);
  if (found !== undefined) return found;
  throw usage(`--kv is ${quote(text)}`, `Write ${kvTypes.join(" or ")}.`);
}

/** A size from the command line, bytes. Throws QS-USAGE. */
export function parseSize(option: string, text: string): number {
  const bytes = parseBytes(text);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw usage(`${option} is ${quote(text)}`, "Write a number with a unit, such as 16GB or 16GiB.");
}

function usage(message: string, remedy: string): QuantsmithError {
  return new QuantsmithError("QS-USAGE", message, { remedy });
}
