import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { isSystemError, QuantsmithError } from "../../util/errors.js";
import { type Pretokenizers, parsePretokenizers } from "./parse-pretokenizers.js";
import type { Toolchain } from "./tools.js";

export type { Pretokenizers } from "./parse-pretokenizers.js";

/** File name beside the converter in the folder of the pinned toolchain. */
const stored = "pretokenizers.json";

/** Parses the pre-tokenizers of a llama.cpp checkout and stores them beside the converter in `source`. */
export async function storePretokenizers(checkout: string, source: string): Promise<void> {
  await writeFile(path.join(source, stored), `${JSON.stringify(await parseCheckout(checkout), null, 2)}\n`);
}

/**
 * Returns the BPE pre-tokenizers that the llama.cpp in use supports. Throws `QS-TOOL-CONVERTER` if the toolchain has no
 * source.
 */
export async function readPretokenizers({ scripts, version }: Toolchain): Promise<Pretokenizers> {
  try {
    if (scripts === undefined) throw missing(version);
    const folder = path.dirname(scripts.converter);
    const text = await readFile(path.join(folder, stored), "utf8").catch(() => undefined);
    // The stored file exists only in the pinned toolchain; a checkout of QUANTSMITH_LLAMA_CPP is parsed.
    return text === undefined ? await parseCheckout(folder) : (JSON.parse(text) as Pretokenizers);
  } catch (error) {
    if (isSystemError(error)) throw missing(version, error);
    throw error;
  }
}

async function parseCheckout(folder: string): Promise<Pretokenizers> {
  const read = (...name: string[]) => readFile(path.join(folder, ...name), "utf8");
  return parsePretokenizers(await read("conversion", "base.py"), await read("src", "llama-vocab.cpp"));
}

function missing(version: string, cause?: unknown): QuantsmithError {
  return new QuantsmithError(
    "QS-TOOL-CONVERTER",
    `llama.cpp ${version} does not include its source, which contains the BPE pre-tokenizers`,
    { remedy: "Unset `QUANTSMITH_LLAMA_CPP` to use the pinned llama.cpp.", cause },
  );
}
