import type { Readable } from "node:stream";
import { childEnvironment, type EnvironmentUse } from "./child-environment.js";
import { parentDeathArgv } from "./parent-death.js";
import { type Breach, type ProcessLimits, watchProcess } from "./process-watch.js";
import { redact } from "./redact.js";
import { requireProc } from "./require-proc.js";

export interface SubprocessOptions {
  /** Absolute path of the program; neither the PATH nor a shell is used. */
  file: string;
  args: readonly string[];
  cwd: string;
  /** Added to the environment that every child gets. */
  env?: Readonly<Record<string, string>>;
  /** Adds the variables, credentials included, that package installers or Slurm's programs need. */
  use?: EnvironmentUse;
  /** Aborting ends the process group: SIGTERM, then SIGKILL after five seconds. */
  signal?: AbortSignal;
  /** Called with each piece of text as it arrives; tools end progress with commas or `\r`, not always newlines. */
  onText?: (text: string, stream: "stdout" | "stderr") => void;
  /** Wall-clock limit in milliseconds, after which the group is ended and `timedOut` is set. */
  timeoutMs?: number;
  /** Limits on memory and inactivity, after which the group is killed and `breach` is set. */
  limits?: ProcessLimits;
  /** Written to standard input, which is closed otherwise; a stream is written as it arrives. */
  input?: string | Readable;
}

export interface SubprocessResult {
  /** Exit code; undefined if a signal ended the process or it did not start. */
  exitCode: number | undefined;
  signal: string | undefined;
  timedOut: boolean;
  /** The limit that the process exceeded. */
  breach: Breach | undefined;
  stdout: string;
  stderr: string;
  /** The last lines of stdout and stderr, redacted, for error messages. */
  tail: string;
  seconds: number;
  /** Peak resident memory in bytes, sampled; 0 if unknown, as without limits outside Linux. */
  peakMemoryBytes: number;
}

const killDelayMs = 5000;
/** Characters kept per stream, from the end. */
const maxKeptCharacters = 4 * 1024 * 1024;

/**
 * Runs one program and waits for its end. All processes of this project start here: argv array, no shell, own process
 * group, only known variables in the environment, and on Linux a parent-death signal so that no process outlives this one.
 * Does not throw if the program fails (see the result); throws the abort reason if `signal` fires, and QS-ENV-PROC.
 */
export async function runSubprocess(options: SubprocessOptions): Promise<SubprocessResult> {
  options.signal?.throwIfAborted();
  await requireProc();
  const started = performance.now();
  // Loaded here because execa has a hundred files, and a run of cache hits starts no process.
  const { execa } = await import("execa");
  const [file = options.file, ...args] = [...(await parentDeathArgv()), options.file, ...options.args];
  const child = execa(file, args, {
    cwd: options.cwd,
    env: childEnvironment(options.env, options.use),
    extendEnv: false,
    shell: false,
    detached: true,
    cleanup: false,
    reject: false,
    // Capped buffers below replace execa's, which end the tool at their limit.
    buffer: false,
    ...(options.input === undefined ? { stdin: "ignore" as const } : { input: options.input }),
  });
  const onBreach = (kind: Breach) => {
    breach = kind;
    // A stopped process handles no other signal, and a process over its memory limit leaves no time for one.
    killGroup(child.pid, "SIGKILL");
  };
  const watch = child.pid === undefined ? undefined : watchProcess(child.pid, options.limits ?? {}, onBreach);
  const text = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.setEncoding("utf8");
    child[stream]?.on("data", (piece: string) => {
      text[stream] = (text[stream] + piece).slice(-maxKeptCharacters);
      watch?.outputSeen();
      options.onText?.(piece, stream);
    });
  }

  let timedOut = false;
  let breach: Breach | undefined;
  let killTimer: NodeJS.Timeout | undefined;
  // execa's `cancelSignal` and `timeout` end only the program, not the processes that it started.
  const end = () => {
    killGroup(child.pid, "SIGTERM");
    killTimer = setTimeout(() => killGroup(child.pid, "SIGKILL"), killDelayMs);
  };
  const endAtLimit = () => {
    timedOut = true;
    end();
  };
  const limit = options.timeoutMs === undefined ? undefined : setTimeout(endAtLimit, options.timeoutMs);
  options.signal?.addEventListener("abort", end, { once: true });
  // Aborted while the process started.
  if (options.signal?.aborted) end();
  try {
    const result = await child;
    options.signal?.throwIfAborted();
    const notStarted = result.exitCode === undefined && result.signal === undefined;
    return {
      exitCode: result.exitCode,
      signal: result.signal,
      timedOut,
      breach,
      ...text,
      tail: redact(notStarted ? (result.shortMessage ?? "") : lastLines(`${text.stdout}\n${text.stderr}`, 12)),
      seconds: (performance.now() - started) / 1000,
      peakMemoryBytes: watch?.stop() ?? 0,
    };
  } finally {
    watch?.stop();
    clearTimeout(limit);
    clearTimeout(killTimer);
    options.signal?.removeEventListener("abort", end);
    // Ends processes that the program left running.
    killGroup(child.pid, "SIGKILL");
  }
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended already.
  }
}

function lastLines(text: string, count: number): string {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  return lines.slice(-count).join("\n");
}
