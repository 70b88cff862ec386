import { readGguf } from "../gguf/read-header.js";
import { type Imatrix, readImatrix, readImportance } from "../gguf/read-imatrix.js";
import { pinnedGgmlLibrary } from "../llamacpp/toolchain/ggml-library.js";
import { NativePool } from "../quant/native-pool.js";
import type { Importance, SourceTensor } from "../quant/source-tensor.js";
import { requiredInput, type StageContext } from "./stage.js";

/** The base model and its imatrix. */
export interface Source {
  tensors: ReadonlyMap<string, SourceTensor>;
  importanceOf(name: string): Promise<Importance | undefined>;
}

/** Opens the inputs `model` and, if present, `imatrix`. Throws QS-GGUF-*, QS-IMATRIX-INVALID. */
export async function openSource(context: Pick<StageContext, "input">): Promise<Source> {
  const gguf = await readGguf(requiredInput(context, "model"));
  const imatrix = await openImatrix(context);
  const tensors = new Map(gguf.tensors.map((tensor) => [tensor.name, { ...tensor, path: gguf.path }]));
  return {
    tensors,
    async importanceOf(name) {
      const tensor = tensors.get(name);
      return imatrix === undefined || tensor === undefined ? undefined : readImportance(imatrix, tensor);
    },
  };
}

/** Returns the input `imatrix`, undefined without one. */
export async function openImatrix(context: Pick<StageContext, "input">): Promise<Imatrix | undefined> {
  const path = context.input("imatrix");
  return path === undefined ? undefined : readImatrix(path);
}

/** Runs `work` with a pool of ggml threads. An abort closes the pool and rejects with the signal's reason. */
export async function withPool<T>(context: StageContext, work: (pool: NativePool) => Promise<T>): Promise<T> {
  context.signal.throwIfAborted();
  const pool = new NativePool({ library: await pinnedGgmlLibrary(), threads: context.threads });
  const close = () => void pool.close();
  context.signal.addEventListener("abort", close, { once: true });
  try {
    return await work(pool);
  } catch (error) {
    // A closed pool fails with its own error; the signal's reason takes precedence.
    context.signal.throwIfAborted();
    throw error;
  } finally {
    context.signal.removeEventListener("abort", close);
    await pool.close();
  }
}
