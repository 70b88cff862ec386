import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { parseChildMessage } from "../../util/child-message.js";
import { QuantsmithError } from "../../util/errors.js";
import { packageRoot } from "../../util/package-root.js";
import { redact } from "../../util/redact.js";
import { runSubprocess, type SubprocessResult } from "../../util/subprocess.js";
import { withoutMessages } from "./log-lines.js";
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

/** Why llama.cpp cannot take a file. */
export interface RefusedFile {
  refused: string;
}

/**
 * Asks llama.cpp's allocator what models take, without loading their weights, in one child process for all files; after
 * a crash the files behind get another. Each file must be one that `readGguf` accepts. `batch`: tokens computed at once.
 * Throws QS-MEMORY-RUNTIME when llama.cpp does not start.
 */
export async function simulateMemory(
  files: readonly SimulatedFile[],
  batch: number,
  signal?: AbortSignal,
): Promise<(SimulatedMemory | RefusedFile)[]> {
  const answers: (SimulatedMemory | RefusedFile)[] = [];
  while (answers.length < files.length) {
    answers.push(...(await runSimulationChild({ files: files.slice(answers.length), batch }, signal)));
  }
  return answers;
}

/** Answers to the first files, at least one; fewer than asked when the process did not reach its end. */
async function runSimulationChild(
  request: SimulationRequest,
  signal?: AbortSignal,
): Promise<(SimulatedMemory | RefusedFile)[]> {
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
  const answers = messages.flatMap((message): (SimulatedMemory | RefusedFile)[] => {
    if (message.kind === "simulated") return [{ weights: message.weights, runs: message.runs }];
    return message.kind === "failed" ? [{ refused: redact(message.reason) }] : [];
  });
  return answers.length < request.files.length ? [...answers, { refused: describeExit(result) }] : answers;
}

function describeExit({ signal, exitCode, tail }: SubprocessResult): string {
  const how = signal === undefined ? `ended with code ${exitCode}` : `crashed (${signal})`;
  const output = withoutMessages(tail);
  return `its process ${how}${output === "" ? "" : `: ${output}`}`;
}

function readMessages(stdout: string): SimulationMessage[] {
  return stdout.split("\n").flatMap((line) => parseChildMessage<SimulationMessage>(line) ?? []);
}
