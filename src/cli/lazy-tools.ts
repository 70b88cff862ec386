import { prepareConverterPython } from "../llamacpp/python/python-env.js";
import { resolveToolchain } from "../llamacpp/toolchain/toolchain.js";

/** Resolves the toolchain and the Python environment once per process, on first use by a step. */
export function lazyTools(signal: AbortSignal) {
  let toolchain: ReturnType<typeof resolveToolchain> | undefined;
  let python: ReturnType<typeof prepareConverterPython> | undefined;
  return {
    toolchain: (onProgress: (note: string) => void) => (toolchain ??= resolveToolchain({ signal, onProgress })),
    python: (onProgress: (note: string) => void) => (python ??= prepareConverterPython({ signal, onProgress })),
  };
}
