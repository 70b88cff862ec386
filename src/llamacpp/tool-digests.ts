import { pythonDigest } from "./python/python-env.js";
import { findPinnedPackage } from "./toolchain/pinned-package.js";
import type { ToolchainStatus } from "./toolchain/toolchain.js";

/** External programs that a step's result depends on; their digests are part of its key. */
export type ToolId = "llama.cpp" | "converter" | "pretokenizers" | "node-llama-cpp";

/**
 * Returns the digest of a program for step keys, without building it. Errors: QS-TOOL-*, QS-PYTHON-*.
 */
export async function toolDigest(tool: ToolId, toolchain: ToolchainStatus): Promise<string> {
  if (tool === "node-llama-cpp") return (await findPinnedPackage()).packageVersion;
  if (toolchain.state === "missing") throw toolchain.problem;
  // The pre-tokenizer table of both converters is part of llama.cpp's source.
  return tool === "converter" ? converterDigest(toolchain) : toolchain.digest;
}

/** Returns the digest of upstream's converter: llama.cpp's source and the Python environment. Errors: QS-PYTHON-*. */
export async function converterDigest({ digest }: { digest: string }, signal?: AbortSignal): Promise<string> {
  return `${digest}+${await pythonDigest(signal)}`;
}
