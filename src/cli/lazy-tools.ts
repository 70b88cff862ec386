import { prepareConverterPython } from "../llamacpp/python/python-env.js";
import { resolveToolchain } from "../llamacpp/toolchain/toolchain.js";

/** The toolchain and the Python environment are got once per process, when a step first needs them. */
export function lazyTools(signal: AbortSignal) {
  let toolchain: ReturnType<typeof resolveToolchain> | undefined;
  let python: ReturnType<typeof prepareConverterPython> | undefined;
  return {
    toolchain: (onProgress: (note: string) => void) => (toolchain ??= resolveToolchain({ signal, onProgress })),
    python: (onProgress: (note: string) => void) => (python ??= prepareConverterPython({ signal, onProgress })),
  };
}
