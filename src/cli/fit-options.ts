import { findModels } from "../hardware/fit/find-models.js";
import { type MeasuredModel, measureModels } from "../hardware/fit/measure-models.js";
import { type KvType, kvTypes } from "../hardware/memory/memory.js";
import { parseBytes } from "../util/bytes.js";
import { QuantsmithError } from "../util/errors.js";
import { quote, quoteList } from "../util/quote.js";
import { withTemporaryFolder } from "../util/temporary-folder.js";
import type { Warning } from "../util/warnings.js";
import { readReleaseNames } from "./read-release-names.js";

/** Loads the named models with their memory. Errors: those of `findModels`, `readReleaseNames` and `measureModels`. */
export async function loadModels(paths: readonly string[], signal: AbortSignal): Promise<MeasuredModel[]> {
  return withTemporaryFolder(async (folder) =>
    measureModels(await findModels(paths, folder, readReleaseNames), signal),
  );
}

/** Returns a warning for each model whose files are incomplete: it fits, but does not load yet. */
export function incompleteModels(models: readonly MeasuredModel[]): Warning[] {
  return models
    .filter(({ missingBytes }) => missingBytes > 0)
    .map(({ file, bytes, missingBytes }) => ({
      code: "QW-GGUF-TRUNCATED",
      message: `${quote(file)} is incomplete: ${missingBytes} of ${bytes} bytes are missing, so no program can load it yet; the figures are for the whole file`,
      remedy: "Download the file again, or continue its download.",
      at: { file },
    }));
}

/** Says how many tokens of the context a picture takes, once for each number; empty without vision projectors. */
export function pictureNotes(models: readonly MeasuredModel[]): string[] {
  const counts = new Set(models.flatMap(({ pictureTokens }) => pictureTokens ?? []));
  return [...counts].map(
    (count) => `A picture takes up to ${count} tokens of the context. The projector is part of the memory.`,
  );
}

/** Parses a context length in tokens. Errors: QS-USAGE. */
export function parseContext(text: string): number {
  const context = Number(text);
  if (/^\d+$/.test(text) && context > 0 && Number.isSafeInteger(context)) return context;
  throw usage(`invalid value ${quote(text)} of --context`, "Give a number of tokens, such as `8192`.");
}

/** Parses a type of the KV cache. Errors: QS-USAGE. */
export function parseKvType(text: string): KvType {
  const found = kvTypes.find((type) => type === text);
  if (found !== undefined) return found;
  throw usage(`invalid value ${quote(text)} of --kv`, `Use ${quoteList(kvTypes, "or")}.`);
}

/** Parses a size option into bytes. Errors: QS-USAGE. */
export function parseSize(option: string, text: string): number {
  const bytes = parseBytes(text);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw usage(`invalid value ${quote(text)} of ${option}`, "Give a number with a unit, such as `16GB` or `16GiB`.");
}

function usage(message: string, remedy: string): QuantsmithError {
  return new QuantsmithError("QS-USAGE", message, { remedy });
}
