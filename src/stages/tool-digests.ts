import { findPinnedPackage } from "../llamacpp/pinned-package.js";
import { describePython } from "../llamacpp/python-env.js";
import type { ToolchainStatus } from "../llamacpp/toolchain.js";
import type { ToolId } from "./stage.js";

/**
 * What identifies a program on this machine in keys, given what was found of llama.cpp; nothing is built.
 * Errors: QS-TOOL-*, QS-PYTHON-*.
 */
export async function toolDigest(tool: ToolId, toolchain: ToolchainStatus): Promise<string> {
  if (tool === "node-llama-cpp") return (await findPinnedPackage()).packageVersion;
  if (toolchain.state === "missing") throw toolchain.problem;
  return tool === "llama.cpp" ? toolchain.digest : `${toolchain.digest}+${(await describePython()).digest}`;
}
