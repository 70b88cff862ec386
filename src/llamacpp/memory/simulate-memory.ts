import { tmpdir } from "node:os";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { QuantsmithError } from "../../util/errors.js";
import { packageRoot } from "../../util/package-root.js";
import { redact } from "../../util/redact.js";
import { runSubprocess, type SubprocessResult } from "../../util/subprocess.js";
import type { RunBytes, SimulatedRun, SimulationMessage, SimulationRequest } from "./protocol.js";

export interface SimulatedFile {
  /** Absolute path; only its header is read. */
  path: string;
  runs: readonly SimulatedRun[];
}

/** What llama.cpp's own allocator says, in bytes. */
export interface SimulatedMemory {
  weights: number;
  /** In the order asked; null where llama.cpp cannot run the model that way. */
  runs: readonly (RunBytes | null)[];
}

/**
 * Asks llama.cpp's allocator what models take, without loading their weights, in one child process for all files. Each
 * file must be one that `readGguf` accepts. `batch`: tokens computed at once.
 * Throws QS-MEMORY-MODEL when llama.cpp cannot take a file, QS-MEMORY-RUNTIME when it does not start.
 */
export async function simulateMemory(
  files: readonly SimulatedFile[],
  batch: number,
  signal?: AbortSignal,
): Promise<SimulatedMemory[]> {
  const request: SimulationRequest = { files, batch };
  const result = await runSubprocess({
    file: process.execPath,
    // The compiled file also when this one runs from source under vitest.
    args: [fileURLToPath(new URL("dist/llamacpp/memory/child.js", packageRoot))],
    cwd: tmpdir(),
    input: JSON.stringify(request),
    ...(signal && { signal }),
  });
  const messages = readMessages(result.stdout);
  if (!messages.some(({ kind }) => kind === "ready")) {
    throw new QuantsmithError("QS-MEMORY-RUNTIME", "node-llama-cpp, which simulates memory, does not start", {
      remedy: "Install quantsmith's packages again, optional ones included; `quantsmith doctor` shows what is missing.",
      output: result.tail,
    });
  }
  return files.map(({ path }, file) => {
    const answer = messages.find((message) => "file" in message && message.file === file);
    if (answer?.kind === "simulated") return { weights: answer.weights, runs: answer.runs };
    throw refused(path, answer?.kind === "failed" ? answer.reason : endOf(result));
  });
}

function refused(path: string, reason: string): QuantsmithError {
  return new QuantsmithError("QS-MEMORY-MODEL", `llama.cpp cannot set up ${basename(path)}: ${redact(reason)}`, {
    remedy: "Its memory cannot be told, and most likely no application can load it. Convert the model again.",
    at: { file: path },
  });
}

function endOf({ signal, exitCode, tail }: SubprocessResult): string {
  const how = signal === undefined ? `ended with code ${exitCode}` : `crashed (${signal})`;
  return `its process ${how}${tail === "" ? "" : `: ${tail}`}`;
}

/** Native code may print among our lines; whatever is not a message of ours is skipped. */
function readMessages(stdout: string): SimulationMessage[] {
  return stdout.split("\n").flatMap((line) => {
    if (!line.startsWith('{"kind":')) return [];
    try {
      return [JSON.parse(line) as SimulationMessage];
    } catch {
      return [];
    }
  });
}
