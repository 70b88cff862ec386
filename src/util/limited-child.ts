import { fileURLToPath } from "node:url";
import { formatBytes } from "./bytes.js";
import { QuantsmithError } from "./errors.js";
import { packageRoot } from "./package-root.js";
import { redact } from "./redact.js";
import { runSubprocess } from "./subprocess.js";

export interface ChildLimits {
  /** Seconds without output. */
  seconds: number;
  /** Resident memory of the process. */
  memoryBytes: number;
}

/** Signals by which a program ends itself. */
const crashes = new Set(["SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL"]);

/** The limits of a program or pattern that comes with a model. */
export const foreignLimits: ChildLimits = { seconds: 10, memoryBytes: 512e6 };

export interface LimitedProgram {
  /** Absolute path of the program. */
  file: string;
  args: readonly string[];
}

export interface LimitedChild extends LimitedProgram {
  /** Written to its standard input, one line of JSON each. */
  values: readonly unknown[];
  /** The working folder. */
  work: string;
  signal: AbortSignal;
  limits: ChildLimits;
  onText: (text: string) => void;
  /** Returns the error for an exceeded limit, such as "does not finish within 10 seconds". */
  exceeded: (limit: string) => Error;
  /** What the child does, such as "the rendering of the model's chat template". */
  about: string;
}

/**
 * Returns the Node program of a file below `dist`. `heapMegabytes` of JavaScript heap (MiB), with the rest of Node, must end
 * a growing heap before it reaches the limit of resident memory.
 */
export function nodeProgram(script: string, heapMegabytes: number): LimitedProgram {
  // The compiled file, also if this file runs from source under vitest.
  const file = fileURLToPath(new URL(`dist/${script}`, packageRoot));
  return { file: process.execPath, args: [`--max-old-space-size=${heapMegabytes}`, file] };
}

/** Renders JSON with U+FFFD for half a surrogate pair, which parsers of native programs reject. */
function wellFormedJson(value: unknown): string {
  // Only halves are escaped; a backslash of a text is escaped by another one.
  return JSON.stringify(value).replace(/\\(?:u(d[89a-f])..|.)/g, (escaped, half) => (half ? "\\ufffd" : escaped));
}

/**
 * Runs what a stranger wrote in a process of its own, limited in time and memory: nothing in this process can end an
 * endless loop there, or an expression that takes exponential time. Throws the error of `exceeded`, also for a crash, the
 * reason of `signal`, and QS-ENV-OOM if the system kills the process.
 */
export async function runLimitedChild(child: LimitedChild): Promise<void> {
  const { file, args, values, work, signal, limits, exceeded, about } = child;
  const result = await runSubprocess({
    file,
    args,
    cwd: work,
    input: values.map((value) => `${wellFormedJson(value)}\n`).join(""),
    signal,
    limits: { memoryBytes: limits.memoryBytes, silentSeconds: limits.seconds },
    onText: (text, stream) => {
      if (stream === "stdout") child.onText(text);
    },
  });
  if (result.breach === "silence") throw exceeded(`does not finish within ${limits.seconds} seconds`);
  if (result.breach === "memory" || /heap out of memory|bad_alloc/.test(result.stderr)) {
    throw exceeded(`uses more than ${formatBytes(limits.memoryBytes)} of memory`);
  }
  if (result.exitCode === 0) return;
  // Standard output has the user's texts.
  const output = result.stdout === "" ? result.tail : redact(result.stderr).trim().slice(-2000);
  if (result.signal === undefined) throw new Error(`${about} failed: ${output}`);
  if (crashes.has(result.signal)) throw exceeded(`crashes its program (${result.signal})`);
  throw new QuantsmithError("QS-ENV-OOM", `${about} was ended (${result.signal})`, {
    remedy: "Close other programs and run again; most likely the system ran out of memory.",
    output,
  });
}
