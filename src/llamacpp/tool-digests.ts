import { findPinnedPackage } from "./toolchain/pinned-package.js";
import { pythonDigest } from "./python/python-env.js";
import type { ToolchainStatus } from "./toolchain/toolchain.js";
import type { ToolId } from "../stages/stage.js";

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
