import { readFile, statfs } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { hubConnection } from "../hub/connection.js";
import { describePython } from "../llamacpp/python/python-env.js";
import { describeToolchain, type ToolchainStatus } from "../llamacpp/toolchain/toolchain.js";
import { type ToolName, toolNames } from "../llamacpp/toolchain/tools.js";
import { QuantsmithError } from "../util/errors.js";

export interface DoctorTool {
  /** Null until the tool is built. */
  path: string | null;
  version: string | null;
  /** `setting`, `pinned`, `path`, `pinned (built on first use)` or `missing`. */
  source: string;
}

/** Output of `doctor --json`. */
export interface Doctor {
  /** False when something is missing that a run needs. */
  ok: boolean;
  tools: Record<ToolName, DoctorTool>;
  /** For llama.cpp's own converter alone; most models are converted without. */
  python: { path: string | null; version: string | null; ready: boolean };
  cores: number;
  /** Memory this process may use, in bytes: the machine's, or its container's limit. */
  memoryBytes: number;
  /** Free for this user, in bytes, on the disk of the given folder. */
  diskFreeBytes: number;
  /** The token itself is never shown; null when the settings of the Hub are a problem. */
  hub: { endpoint: string; token: boolean } | null;
  problems: { code: string; message: string; remedy: string }[];
}

/** Looks at everything a run needs, changes nothing. `folder` is where the work would be done. */
export async function diagnose(folder: string = process.cwd()): Promise<Doctor> {
  const toolchain = await describeToolchain().catch(asMissing);
  const { problem, digest: _digest, ...python } = await describePython();
  const hub = describeHub();
  const problems = [
    toolchain.state === "missing" ? toolchain.problem : undefined,
    // Only llama.cpp's own converter needs Python; one that the user chose should work all the same.
    process.env.QUANTSMITH_PYTHON ? problem : undefined,
    hub instanceof QuantsmithError ? hub : undefined,
  ]
    .filter((found) => found !== undefined)
    .map(({ code, message, remedy }) => ({ code, message, remedy }));
  const disk = await statfs(folder);
  return {
    ok: problems.length === 0,
    tools: Object.fromEntries(toolNames.map((name) => [name, doctorTool(toolchain, name)])) as Doctor["tools"],
    python,
    cores: availableParallelism(),
    memoryBytes: await usableMemoryBytes(),
    diskFreeBytes: disk.bavail * disk.bsize,
    hub: hub instanceof QuantsmithError ? null : hub,
    problems,
  };
}

/** Tools that were asked for or found but do not work are a finding here, not a failure of `doctor`. */
function asMissing(error: unknown): ToolchainStatus {
  if (error instanceof QuantsmithError) return { state: "missing", problem: error };
  throw error;
}

function doctorTool(toolchain: ToolchainStatus, name: ToolName): DoctorTool {
  switch (toolchain.state) {
    case "ready":
      return toolchain.toolchain.tools[name];
    case "buildable":
      return { path: null, version: toolchain.version, source: "pinned (built on first use)" };
    case "missing":
      return { path: null, version: null, source: "missing" };
  }
}

function describeHub(): NonNullable<Doctor["hub"]> | QuantsmithError {
  try {
    const { endpoint, hasToken } = hubConnection();
    return { endpoint, token: hasToken };
  } catch (error) {
    if (error instanceof QuantsmithError) return error;
    throw error;
  }
}

/** The limit of the control group (version 2, then 1) where it is lower than the machine's memory. */
async function usableMemoryBytes(): Promise<number> {
  const limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
  const texts = await Promise.all(limits.map((file) => readFile(file, "utf8").catch(() => "")));
  // "max" and an empty text are no numbers; version 1 writes a huge one for "no limit".
  return Math.min(totalmem(), ...texts.map(Number).filter((bytes) => bytes > 0));
}
