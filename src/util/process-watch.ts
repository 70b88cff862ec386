import { readdir, readFile } from "node:fs/promises";

/** Limits of a process; an omitted limit is not enforced. */
export interface ProcessLimits {
  /** Resident memory in bytes, mapped files included. */
  memoryBytes?: number;
  /** Seconds during which no thread computes or waits for a disk, as in a stopped or deadlocked process. */
  idleSeconds?: number;
  /** Seconds without output, even while busy. */
  silentSeconds?: number;
}

export type Breach = "memory" | "idle" | "silence";

export interface ProcessWatch {
  /** Resets the silence count; called for each output of the process. */
  outputSeen(): void;
  /** Ends the watch; returns the peak resident memory in bytes, 0 if unknown. */
  stop(): number;
}

const memoryPeriodMs = 100;
const activityPeriodMs = 1000;

/**
 * Samples a process and calls `onBreach` once when it exceeds a limit. A limit on address space (`ulimit -v`) would also
 * count mapped files, and llama.cpp maps whole models. Seconds are counted in samples, so that sleep of the machine does
 * not count as a hang.
 */
export function watchProcess(pid: number, limits: ProcessLimits, onBreach: (breach: Breach) => void): ProcessWatch {
  const linux = process.platform === "linux";
  let peakBytes = 0;
  let idle = 0;
  let silent = 0;
  let lastActivity = "";
  let ended = false;

  const breach = (kind: Breach) => {
    if (ended) return;
    stop();
    onBreach(kind);
  };
  const memory = (bytes: number) => {
    peakBytes = Math.max(peakBytes, bytes);
    if (bytes > (limits.memoryBytes ?? Number.POSITIVE_INFINITY)) breach("memory");
  };
  const activity = (now: string | undefined) => {
    idle = now === undefined || now === "busy" || now !== lastActivity ? 0 : idle + 1;
    lastActivity = now ?? "";
    silent += 1;
    if (idle >= (limits.idleSeconds ?? Number.POSITIVE_INFINITY)) breach("idle");
    else if (silent >= (limits.silentSeconds ?? Number.POSITIVE_INFINITY)) breach("silence");
  };
  const sampleActivity = async () => {
    if (linux) return activity(await linuxActivity(pid));
    const sample = await portableSample(pid);
    memory(sample?.memoryBytes ?? 0);
    activity(sample?.activity);
  };

  const limited = Object.keys(limits).length > 0;
  const timers = [
    ...(linux ? [setInterval(async () => memory(await linuxPeakMemory(pid)), memoryPeriodMs)] : []),
    ...(limited ? [setInterval(sampleActivity, activityPeriodMs)] : []),
  ];
  for (const timer of timers) timer.unref();
  const stop = () => {
    ended = true;
    for (const timer of timers) clearInterval(timer);
    return peakBytes;
  };
  return {
    outputSeen() {
      silent = 0;
    },
    stop,
  };
}

/** Reads VmHWM, the kernel's high-water mark: sampling misses only allocations after the last sample. */
async function linuxPeakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

/** Returns "busy" while a thread runs, is runnable or waits for a disk; else the processor time used so far. */
async function linuxActivity(pid: number): Promise<string | undefined> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const stats = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, "utf8").catch(() => "")),
  );
  let ticks = 0;
  for (const stat of stats) {
    // The process name before the fields, in brackets, may contain blanks and brackets.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "R" || fields[0] === "D") return "busy";
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return threads.length === 0 ? undefined : String(ticks);
}

/** Samples memory and activity with `ps`, for systems without /proc. */
export async function portableSample(pid: number): Promise<{ memoryBytes: number; activity: string } | undefined> {
  const { execa } = await import("execa");
  const { stdout } = await execa("ps", ["-o", "rss=,stat=,time=", "-p", String(pid)], { reject: false });
  const [kilobytes, state, time] = stdout.trim().split(/\s+/);
  if (kilobytes === undefined || state === undefined || time === undefined) return undefined;
  return { memoryBytes: Number(kilobytes) * 1024, activity: /^[RDU]/.test(state) ? "busy" : time };
}
