import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { isUnsafe, isWeightFile } from "../../checkpoint/file-selection.js";
import { readConfig } from "../../checkpoint/read-config.js";
import { readSafetensorsHeader } from "../../checkpoint/safetensors.js";
import { isSnapshotFile } from "../../checkpoint/snapshot-files.js";
import { type OutType, outputType } from "../../converter/output-type.js";
import { requireFree } from "../../gguf/edit/edit-target.js";
import { metadataString } from "../../gguf/metadata.js";
import { readGguf } from "../../gguf/read-header.js";
import { convertLoraToGguf } from "../../llamacpp/python/convert.js";
import type { ConverterPython } from "../../llamacpp/python/converter-python.js";
import type { ToolProgress } from "../../llamacpp/tool-run.js";
import type { Toolchain } from "../../llamacpp/toolchain/tools.js";
import { renameToNew } from "../../util/files.js";
import { isSystemLeftover } from "../../util/system-files.js";
import { withTemporaryFolder } from "../../util/temporary-folder.js";
import { adapterFiles, requireAdapter } from "./require-adapter.js";
import { requireFinite } from "./require-finite.js";

export interface ConvertAdapterOptions {
  /** Folder of the PEFT adapter. */
  adapter: string;
  /** Folder of the checkpoint that the adapter was trained on; its weights are not read. */
  base: string;
  /** The GGUF file to write, which must not exist. */
  outFile: string;
  outtype: OutType;
  toolchain: Toolchain;
  python: ConverterPython;
  threads: number;
  signal: AbortSignal;
  onProgress?: (progress: ToolProgress) => void;
}

export interface ConvertedAdapter {
  file: string;
  bytes: number;
  /** Architecture of the base model, by llama.cpp's name. */
  architecture: string;
  tensors: number;
}

/**
 * Converts a LoRA adapter to GGUF with llama.cpp's own script. The converter gets links to the files it needs, without the
 * model card, from which it would copy arbitrary metadata. Throws QS-CONVERT-*, QS-FETCH-CONFIG, QS-FETCH-SAFETENSORS,
 * QS-PYTHON-*, QS-TOOL-*, QS-DISK-FULL, QS-USAGE for an existing file.
 */
export async function convertAdapter(options: ConvertAdapterOptions): Promise<ConvertedAdapter> {
  const config = await requireAdapter(options.adapter, { signal: options.signal });
  await readConfig(join(options.base, "config.json"));
  const parent = dirname(resolve(options.outFile));
  await mkdir(parent, { recursive: true });
  // On the same file system as the result, which is renamed when complete.
  return withTemporaryFolder((work) => convertIn(work, config, options), { parent, kind: ".convert-lora" });
}

const typeOption = { F32: "f32", F16: "f16", BF16: "bf16" } as const;

async function convertIn(
  work: string,
  config: Record<string, unknown>,
  options: ConvertAdapterOptions,
): Promise<ConvertedAdapter> {
  const { outFile, toolchain, python, threads, signal, onProgress } = options;
  const { tensors } = await readSafetensorsHeader(join(options.adapter, adapterFiles.weights));
  // llama.cpp's script fails to choose a type itself.
  const outtype = typeOption[outputType(options.outtype, tensors)];
  const name = basename(resolve(options.adapter));
  const adapter = join(work, "adapter", name);
  await linkFiles(options.adapter, adapter, (file) => file === adapterFiles.weights);
  await writeFile(join(adapter, adapterFiles.config), JSON.stringify(config));
  const needed = (file: string) =>
    isSnapshotFile(file) && !isWeightFile(file) && !isUnsafe(file) && !file.endsWith(".md");
  await linkFiles(options.base, join(work, "base"), needed);
  await convertLoraToGguf({
    ...{ toolchain, python, threads, signal, cwd: work, outtype },
    ...(onProgress === undefined ? {} : { onProgress }),
    adapterDir: join("adapter", name),
    modelDir: "base",
    outFile: "lora.gguf",
  });
  const gguf = await readGguf(join(work, "lora.gguf"));
  await requireFinite(gguf, "Use `--outtype f32`, which has a larger range.", { signal });
  await requireFree(outFile);
  await renameToNew(gguf.path, outFile);
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  return { file: outFile, bytes: gguf.fileBytes, architecture, tensors: gguf.tensors.length };
}

async function linkFiles(from: string, to: string, wanted: (name: string) => boolean): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of (await readdir(from)).filter((name) => wanted(name) && !isSystemLeftover(name)))
    await symlink(resolve(from, name), join(to, name));
}
