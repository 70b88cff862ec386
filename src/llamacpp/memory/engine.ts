import { readdir } from "node:fs/promises";
import path from "node:path";
import koffi from "koffi";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";
import { findPinnedPackage } from "../toolchain/pinned-package.js";
import type { SimulatedRun } from "./protocol.js";

/** Memory in bytes; all of it is CPU memory, since the engine runs without a GPU. */
interface Breakdown {
  cpuRam: number;
  gpuVram: number;
}

/** The used part of node-llama-cpp's native module; its documented classes cannot load a model without weights. */
export interface EngineModel {
  init(): Promise<boolean>;
  getMemoryBreakdown(): Breakdown;
  dispose(): Promise<void>;
}

export interface EngineContext {
  init(): Promise<boolean>;
  /** Returns caches and compute buffers, without the output buffer. */
  getMemoryBreakdown(): Breakdown;
  dispose(): Promise<void>;
}

interface Bindings {
  AddonModel: new (path: string, options: Record<string, unknown>) => EngineModel;
  AddonContext: new (model: EngineModel, options: Record<string, unknown>) => EngineContext;
}

const ggmlTypeIds = { f16: 1, q8_0: 8 } as const;

/**
 * Starts llama.cpp on the CPU. `log` collects its lines. The native classes are undocumented; node-llama-cpp's version
 * is pinned, and a test compares their values with those of a fully loaded file.
 */
export async function startEngine() {
  const log: string[] = [];
  await loadWithoutAmx();
  const llama = await getLlama({
    gpu: false,
    build: "never",
    progressLogs: false,
    logLevel: LlamaLogLevel.info,
    logger: (_level, message) => log.push(...message.split("\n")),
  });
  const { AddonModel, AddonContext } = (llama as unknown as { _bindings: Bindings })._bindings;
  return {
    log,
    model: (path: string) => new AddonModel(path, { gpuLayers: 0, noAlloc: true, useMmap: false }),
    context: (model: EngineModel, { context, kvType, flashAttention }: SimulatedRun, batch: number) =>
      new AddonContext(model, {
        contextSize: context,
        batchSize: batch,
        sequences: 1,
        flashAttention,
        kvCacheKeyType: ggmlTypeIds[kvType],
        kvCacheValueType: ggmlTypeIds[kvType],
        swaFullCache: false,
      }),
    dispose: () => llama.dispose(),
  };
}

/**
 * Loads a CPU backend before node-llama-cpp chooses one. Its choice for processors with AMX stores weights in AMX buffers,
 * with which llama.cpp aborts on some architectures and needs more memory: an estimate would depend on this machine. Such
 * processors run the Ice Lake build; on others ggml refuses it, and node-llama-cpp loads its choice.
 */
async function loadWithoutAmx(): Promise<void> {
  if (process.platform !== "linux" || process.arch !== "x64") return;
  const { libraries } = await findPinnedPackage();
  const [library = ""] = (await readdir(libraries)).filter((name) => /^libggml\.v.*\.so$/.test(name));
  const load = koffi.load(path.join(libraries, library)).func("void *ggml_backend_load(const char *path)");
  load(path.join(libraries, "libggml-cpu-icelake.so"));
}
