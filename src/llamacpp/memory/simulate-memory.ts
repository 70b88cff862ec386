import { fileURLToPath } from "node:url";
import { parseChildMessage } from "../../util/child-message.js";
import { QuantsmithError } from "../../util/errors.js";
import { packageRoot } from "../../util/package-root.js";
import { redact } from "../../util/redact.js";
import { runSubprocess, type SubprocessResult } from "../../util/subprocess.js";
import { systemTemporaryFolder } from "../../util/system-temporary-folder.js";
import { withoutMessages } from "./log-lines.js";
import type { RunBytes, SimulatedRun, SimulationMessage, SimulationRequest } from "./protocol.js";

export interface SimulatedFile {
  /** Absolute path; only its header is read. */
  path: string;
  runs: readonly SimulatedRun[];
}

/** Memory from llama.cpp's allocator, in bytes. */
export interface SimulatedMemory {
  weights: number;
  /** In the order of the request; null if llama.cpp does not support the configuration. */
  runs: readonly (RunBytes | null)[];
}

/** A file that llama.cpp fails to load, with the reason. */
export interface RejectedFile {
  rejected: string;
}

/**
 * Simulates the memory of models with llama.cpp's allocator, without loading their weights, in one child process; after
 * a crash, another process simulates the remaining files. `readGguf` must accept each file. `batch` is in tokens.
 * Throws QS-MEMORY-RUNTIME if llama.cpp does not start.
 */
export async function simulateMemory(
  files: readonly SimulatedFile[],
  batch: number,
  signal?: AbortSignal,
): Promise<(SimulatedMemory | RejectedFile)[]> {
  const answers: (SimulatedMemory | RejectedFile)[] = [];
  while (answers.length < files.length) {
    answers.push(...(await runSimulationChild({ files: files.slice(answers.length), batch }, signal)));
  }
  return answers;
}

/** Returns results for at least the first file; for fewer than all files if the process crashed. */
async function runSimulationChild(
  request: SimulationRequest,
  signal?: AbortSignal,
): Promise<(SimulatedMemory | RejectedFile)[]> {
  const result = await runSubprocess({
    file: process.execPath,
    // The compiled file, also if this file runs from source under vitest.
    args: [fileURLToPath(new URL("dist/llamacpp/memory/child.js", packageRoot))],
    cwd: await systemTemporaryFolder(),
    input: JSON.stringify(request),
    ...(signal && { signal }),
  });
  const messages = readMessages(result.stdout);
  if (!messages.some(({ kind }) => kind === "ready")) {
    throw new QuantsmithError("QS-MEMORY-RUNTIME", "node-llama-cpp, which simulates memory, does not start", {
      remedy: "Run `quantsmith doctor`, then reinstall quantsmith's npm packages without `--omit=optional`.",
      output: result.tail,
    });
  }
  const answers = messages.flatMap((message): (SimulatedMemory | RejectedFile)[] => {
    if (message.kind === "simulated") return [{ weights: message.weights, runs: message.runs }];
    return message.kind === "failed" ? [{ rejected: redact(message.reason) }] : [];
  });
  return answers.length < request.files.length ? [...answers, { rejected: describeExit(result) }] : answers;
}

function describeExit({ signal, exitCode, tail }: SubprocessResult): string {
  const how = signal === undefined ? `ended with code ${exitCode}` : `crashed (${signal})`;
  const output = withoutMessages(tail);
  return `its process ${how}${output === "" ? "" : `: ${output}`}`;
}

function readMessages(stdout: string): SimulationMessage[] {
  return stdout.split("\n").flatMap((line) => parseChildMessage<SimulationMessage>(line) ?? []);
}
