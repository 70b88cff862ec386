import { pythonDigest } from "./python/python-env.js";
import { findPinnedPackage } from "./toolchain/pinned-package.js";
import type { ToolchainStatus } from "./toolchain/toolchain.js";

/** The outside programs a step's result depends on; their digests are part of its key. */
export type ToolId = "llama.cpp" | "converter" | "pretokenizers" | "node-llama-cpp";

/**
 * What identifies a program on this machine in keys, given what was found of llama.cpp; nothing is built.
 * Errors: QS-TOOL-*, QS-PYTHON-*.
 */
export async function toolDigest(tool: ToolId, toolchain: ToolchainStatus): Promise<string> {
  if (tool === "node-llama-cpp") return (await findPinnedPackage()).packageVersion;
  if (toolchain.state === "missing") throw toolchain.problem;
  // The table that both converters know pre-tokenizers by is a part of llama.cpp's source.
  return tool === "converter" ? converterDigest(toolchain) : toolchain.digest;
}

/** The same of upstream's converter: llama.cpp's source and the Python that runs it. Errors: QS-PYTHON-*. */
export async function converterDigest({ digest }: { digest: string }, signal?: AbortSignal): Promise<string> {
  return `${digest}+${await pythonDigest(signal)}`;
}
