import path from "node:path";
import { runSubprocess } from "../../util/subprocess.js";
import { toolFailure } from "../tool-failure.js";
import { type ToolName, toolDefinitions } from "./tools.js";

/**
 * Starts a tool once and returns what it calls itself: `0.5.0-dev (build 1, commit 0ad4a86)`.
 * Throws `QS-TOOL-BROKEN` when it does not start or does not say.
 */
export async function readToolVersion(tool: ToolName, file: string, signal?: AbortSignal): Promise<string> {
  const result = await runSubprocess({
    file,
    args: toolDefinitions[tool].versionArgs,
    cwd: path.dirname(file),
    timeoutMs: 60_000,
    ...(signal && { signal }),
  });
  const version = /^version: (.+)$/m.exec(`${result.stdout}\n${result.stderr}`)?.[1]?.trim();
  if (version !== undefined) return version;
  throw toolFailure(result, {
    doing: `asking ${tool} for its version`,
    otherwise: {
      code: "QS-TOOL-BROKEN",
      remedy: "Replace this llama.cpp, or unset what points to it; see `quantsmith doctor`.",
    },
  });
}
