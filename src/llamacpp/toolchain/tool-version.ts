import path from "node:path";
import { runSubprocess } from "../../util/subprocess.js";
import { toolFailure } from "../tool-failure.js";
import { type ToolName, versionArguments } from "./tools.js";

/**
 * Runs a tool and returns the version that it prints: `0.5.0-dev (build 1, commit 0ad4a86)`.
 * Throws `QS-TOOL-BROKEN` if it does not start or prints no version.
 */
export async function readToolVersion(tool: ToolName, file: string, signal?: AbortSignal): Promise<string> {
  const result = await runSubprocess({
    file,
    args: versionArguments(tool),
    cwd: path.dirname(file),
    timeoutMs: 60_000,
    ...(signal && { signal }),
  });
  const version = /^version: (.+)$/m.exec(`${result.stdout}\n${result.stderr}`)?.[1]?.trim();
  if (version !== undefined) return version;
  throw toolFailure(result, {
    doing: `reading the version of ${tool}`,
    otherwise: {
      code: "QS-TOOL-BROKEN",
      remedy: "Run `quantsmith doctor`, then replace this llama.cpp or unset `QUANTSMITH_LLAMA_CPP`.",
    },
  });
}
