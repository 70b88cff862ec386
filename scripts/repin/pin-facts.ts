import { readFile } from "node:fs/promises";
import path from "node:path";
import { readArchitectures } from "../../src/llamacpp/toolchain/architectures.js";
import { readPretokenizers } from "../../src/llamacpp/toolchain/pretokenizers.js";
import { readQuantizationMethods } from "../../src/llamacpp/toolchain/quantization-methods.js";
import type { Toolchain } from "../../src/llamacpp/toolchain/tools.js";

/** What the pinned llama.cpp supports: sorted names by kind. */
export interface PinFacts {
  llamaCpp: string;
  kinds: Record<string, string[]>;
}

/**
 * Reads the names from the source of the toolchain, as the program itself does. Types and presets come from the
 * enumerations of llama.cpp's Python package. Throws if a list has an unexpected form.
 */
export async function readPinFacts(toolchain: Toolchain): Promise<PinFacts> {
  const architectures = await readArchitectures(toolchain);
  const quantized = await readQuantizationMethods(toolchain);
  if (toolchain.scripts === undefined || architectures === null || quantized === null)
    throw new Error("the converter's tables have another form: adapt src/llamacpp/toolchain");
  const { names, patterns } = await readPretokenizers(toolchain);
  const constants = path.join(path.dirname(toolchain.scripts.converter), "gguf-py", "gguf", "constants.py");
  const source = await readFile(constants, "utf8");
  const kinds: Record<string, Iterable<string>> = {
    "model architectures": architectures.models,
    "projector architectures": architectures.projectors,
    "pre-tokenizers": Object.keys(patterns),
    "pre-tokenizer hashes": Object.entries(names).map(([hash, name]) => `${name} (${hash.slice(0, 8)})`),
    "quantization methods of checkpoints": quantized.methods,
    "compressed-tensors formats": quantized.formats,
    "tensor types": enumerationOf(source, "GGMLQuantizationType"),
    "file types": enumerationOf(source, "LlamaFileType"),
  };
  const sorted = Object.entries(kinds).map(([kind, list]) => [kind, [...list].sort()]);
  return { llamaCpp: toolchain.version, kinds: Object.fromEntries(sorted) };
}

/** Returns `NAME = number` for each member of a Python IntEnum. */
function enumerationOf(source: string, name: string): string[] {
  const body = new RegExp(`^class ${name}\\(IntEnum\\):\\n((?: {4}.*\\n|\\s*\\n)*)`, "m").exec(source)?.[1] ?? "";
  const members = [...body.matchAll(/^ {4}(\w+)\s*= (\d+)/gm)].map(([, member, value]) => `${member} = ${value}`);
  if (members.length === 0) throw new Error(`gguf-py has no enumeration ${name}: adapt scripts/repin/pin-facts.ts`);
  return members;
}
