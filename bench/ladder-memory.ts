import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readGguf } from "../src/gguf/read-header.js";
import { type NewTensor, writeGguf } from "../src/gguf/write-gguf.js";
import { runSubprocess } from "../src/util/subprocess.js";

/** Factor on the number of layers. Embedding and output stay, so 5 gives a model four times as large. */
const layerFactor = 5;

/**
 * Prints the peak memory of the quantize step and of the error table, each in a separate process, on `folder`'s model and
 * on a copy with five times the layers, which is four times as large.
 */
export async function benchMemory(folder: string, imatrix: string, print: (line: string) => void): Promise<void> {
  await repeatLayers(join(folder, "model.gguf"), join(folder, "large.gguf"));
  await repeatLayers(join(folder, imatrix), join(folder, "large-imatrix.gguf"));
  for (const stage of ["quantize", "errors"]) {
    const small = await peakBytes(stage, folder, "model.gguf", imatrix);
    const large = await peakBytes(stage, folder, "large.gguf", "large-imatrix.gguf");
    const growth = 100 * (large / small - 1);
    const [a, b] = [small, large].map((bytes) => `${(bytes / 1e6).toFixed(0)} MB`);
    print(
      `peak memory, ${stage.padEnd(8)} ${a}, four times the model ${b} (${growth < 0 ? "" : "+"}${growth.toFixed(0)} %)`,
    );
  }
}

async function peakBytes(stage: string, cwd: string, model: string, imatrix: string): Promise<number> {
  const script = fileURLToPath(new URL("./ladder-step.ts", import.meta.url));
  const result = await runSubprocess({
    file: process.execPath,
    args: [...process.execArgv, script, stage, model, imatrix],
    cwd,
  });
  if (result.exitCode !== 0) throw new Error(result.tail);
  return result.peakMemoryBytes;
}

/** Writes a copy with five times the layers. Works for a model and for its imatrix, whose tensors have the model's names. */
export async function repeatLayers(from: string, to: string): Promise<void> {
  const gguf = await readGguf(from);
  const layerOf = (name: string) => Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? -1);
  const layers = 1 + Math.max(...gguf.tensors.map(({ name }) => layerOf(name)));
  const tensors = gguf.tensors.flatMap(({ name, shape, type, offset }): NewTensor[] => {
    const data = { path: from, offset };
    const layer = layerOf(name);
    if (layer < 0) return [{ name, shape, type, data }];
    const rest = name.slice(`blk.${layer}`.length);
    const copies = Array.from({ length: layerFactor }, (_, copy) => `blk.${layer + copy * layers}${rest}`);
    return copies.map((copy) => ({ name: copy, shape, type, data }));
  });
  const metadata = new Map(gguf.metadata);
  for (const [key, entry] of metadata) {
    if (key.endsWith(".block_count") && entry.type === "uint32") {
      metadata.set(key, { type: "uint32", value: Number(entry.value) * layerFactor });
    }
  }
  await writeGguf(to, { metadata, tensors });
}
