import { childEnvironment } from "./child-environment.js";
import { parentDeathArgv } from "./parent-death.js";
import { type Breach, type ProcessLimits, watchProcess } from "./process-watch.js";
import { redact } from "./redact.js";

export interface SubprocessOptions {
  /** Absolute path of the program; never looked up, never run through a shell. */
  file: string;
  args: readonly string[];
  cwd: string;
  /** Added to the filtered environment of this process. */
  env?: Readonly<Record<string, string>>;
  /** Aborting ends the whole process group: SIGTERM, then SIGKILL after five seconds. */
  signal?: AbortSignal;
  /** Called with each piece of text as it arrives; tools end progress with commas or `\r`, not always newlines. */
  onText?: (text: string, stream: "stdout" | "stderr") => void;
  /** Wall-clock limit in milliseconds, after which the group is ended and `timedOut` is set. */
  timeoutMs?: number;
  /** Limits on memory and on standing still, after which the group is killed and `breach` is set. */
  limits?: ProcessLimits;
  /** Written to standard input, which is closed otherwise. */
  input?: string;
}

export interface SubprocessResult {
  /** Exit code; undefined when a signal ended the process or it could not be started. */
  exitCode: number | undefined;
  signal: string | undefined;
  timedOut: boolean;
  /** The limit that the process overstepped. */
  breach: Breach | undefined;
  stdout: string;
  stderr: string;
  /** The last lines of stderr and stdout, redacted, for error messages. */
  tail: string;
  seconds: number;
  /** Peak resident memory in bytes, sampled; 0 if unknown, as without limits outside Linux. */
  peakMemoryBytes: number;
}

const killDelayMs = 5000;
/** Text kept per stream; only the end of more than this is kept. */
const maxKeptCharacters = 4 * 1024 * 1024;

/**
 * Runs one program and waits for its end. The only way this project starts a process: argv array, no shell,
 * own process group, no tokens in its environment, and on Linux a parent-death signal so that it never outlives us.
 * Never throws for the program's own failure (see the result); throws the abort reason when `signal` fires.
 */
export async function runSubprocess(options: SubprocessOptions): Promise<SubprocessResult> {
  options.signal?.throwIfAborted();
  const started = performance.now();
  // A run that has nothing to do starts no process, and execa is a hundred files.
  const { execa } = await import("execa");
  const [file = options.file, ...args] = [...(await parentDeathArgv()), options.file, ...options.args];
  const child = execa(file, args, {
    cwd: options.cwd,
    env: childEnvironment(options.env),
    extendEnv: false,
    shell: false,
    detached: true,
    cleanup: false,
    reject: false,
    // Our own capped buffers below: execa's would end a chatty tool at its limit.
    buffer: false,
    ...(options.input === undefined ? { stdin: "ignore" as const } : { input: options.input }),
  });
  const onBreach = (kind: Breach) => {
    breach = kind;
    // A stopped process takes no other signal, and one without limits leaves no time for any.
    killGroup(child.pid, "SIGKILL");
  };
  const watch = child.pid === undefined ? undefined : watchProcess(child.pid, options.limits ?? {}, onBreach);
  const text = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.setEncoding("utf8");
    child[stream]?.on("data", (piece: string) => {
      text[stream] = (text[stream] + piece).slice(-maxKeptCharacters);
      watch?.heard();
      options.onText?.(piece, stream);
    });
  }

  let timedOut = false;
  let breach: Breach | undefined;
  let killTimer: NodeJS.Timeout | undefined;
  // execa's own `cancelSignal` and `timeout` end the program alone, and not the processes that it has started.
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
    // Whatever the program started and left behind.
    killGroup(child.pid, "SIGKILL");
  }
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already, which is what was wanted.
  }
}

function lastLines(text: string, count: number): string {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  return lines.slice(-count).join("\n");
}
