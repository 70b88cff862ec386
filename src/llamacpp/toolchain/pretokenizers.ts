import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { isSystemError, QuantsmithError } from "../../util/errors.js";
import { type Pretokenizers, parsePretokenizers } from "./parse-pretokenizers.js";
import type { Toolchain } from "./tools.js";

export type { Pretokenizers } from "./parse-pretokenizers.js";

/** Beside the converter in the folder of the pinned toolchain. */
const stored = "pretokenizers.json";

/** Reads the pre-tokenizers out of a llama.cpp checkout, once, and stores them beside the converter in `source`. */
export async function storePretokenizers(checkout: string, source: string): Promise<void> {
  await writeFile(path.join(source, stored), `${JSON.stringify(await parseCheckout(checkout), null, 2)}\n`);
}

/**
 * The BPE pre-tokenizers that the llama.cpp in use knows. Throws `QS-TOOL-CONVERTER` when its tools came without their
 * source.
 */
export async function readPretokenizers({ scripts, version }: Toolchain): Promise<Pretokenizers> {
  try {
    if (scripts === undefined) throw missing(version);
    const folder = path.dirname(scripts.converter);
    const text = await readFile(path.join(folder, stored), "utf8").catch(() => undefined);
    // What we stored ourselves; a checkout that QUANTSMITH_LLAMA_CPP names has none and is read as it is.
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
    `llama.cpp ${version} came without its source, which tells the BPE pre-tokenizers it knows`,
    { remedy: "Unset QUANTSMITH_LLAMA_CPP to use the pinned llama.cpp, which has it.", cause },
  );
}
