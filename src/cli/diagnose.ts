import { statfs } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { hubConnectionToWrite } from "../hub/connection.js";
import { proxyAgents } from "../hub/proxy.js";
import { type ComputeReport, reportCompute } from "../llamacpp/compute/report-compute.js";
import { describePython } from "../llamacpp/python/python-env.js";
import { describeToolchain, type ToolchainStatus } from "../llamacpp/toolchain/toolchain.js";
import { type ToolName, toolNames } from "../llamacpp/toolchain/tools.js";
import { requireWritableCache } from "../util/cache-folder.js";
import { QuantsmithError } from "../util/errors.js";
import { requireProc } from "../util/require-proc.js";
import { usableMemoryBytes } from "../util/usable-memory.js";

export interface DoctorTool {
  /** Null until the tool is built. */
  path: string | null;
  version: string | null;
  /** `setting`, `pinned`, `path`, `pinned (built on first use)` or `missing`. */
  source: string;
}

/** Output of `doctor --json`. */
export interface Doctor {
  /** False if a requirement of a run is missing. */
  ok: boolean;
  tools: Record<ToolName, DoctorTool>;
  /** Required only by llama.cpp's converter; most models are converted without. */
  python: { path: string | null; version: string | null; ready: boolean };
  compute: ComputeReport;
  cores: number;
  /** Memory that this process may use, in bytes: the machine's, or the container's limit. */
  memoryBytes: number;
  /** Free bytes for this user on the disk of the given folder. */
  diskFreeBytes: number;
  /** Never contains the token itself; null for invalid settings of the Hub or its proxy. */
  hub: { endpoint: string; token: boolean } | null;
  problems: { code: string; message: string; remedy: string }[];
}

/** Checks the requirements of a run in `folder`; changes nothing. */
export async function diagnose(folder: string = process.cwd()): Promise<Doctor> {
  const toolchain = await describeToolchain().catch(asMissing);
  const { problem, digest: _digest, ...python } = await describePython();
  const hub = await describeHub();
  const problems = [
    await requireProc().catch(asExpected),
    toolchain.state === "missing" ? toolchain.problem : undefined,
    // A run builds the tools there.
    toolchain.state === "buildable" ? await requireWritableCache().catch(asExpected) : undefined,
    // Only llama.cpp's converter requires Python, but a Python that the user set must work.
    process.env.QUANTSMITH_PYTHON ? problem : undefined,
    hub instanceof QuantsmithError ? hub : undefined,
  ]
    .filter((found) => found instanceof QuantsmithError)
    .map(({ code, message, remedy }) => ({ code, message, remedy }));
  const disk = await statfs(folder);
  return {
    ok: problems.length === 0,
    tools: Object.fromEntries(toolNames.map((name) => [name, doctorTool(toolchain, name)])) as Doctor["tools"],
    python,
    compute: await reportCompute(toolchain),
    cores: availableParallelism(),
    memoryBytes: await usableMemoryBytes(),
    diskFreeBytes: disk.bavail * disk.bsize,
    hub: hub instanceof QuantsmithError ? null : hub,
    problems,
  };
}

/** Reports broken tools as a problem instead of failing `doctor`. */
function asMissing(error: unknown): ToolchainStatus {
  return { state: "missing", problem: asExpected(error) };
}

function asExpected(error: unknown): QuantsmithError {
  if (error instanceof QuantsmithError) return error;
  throw error;
}

function doctorTool(toolchain: ToolchainStatus, name: ToolName): DoctorTool {
  switch (toolchain.state) {
    case "ready": {
      const { source, version, tools } = toolchain.toolchain;
      if (source === "pinned" && tools[name] === undefined) return builtOnFirstUse(version);
      return tools[name] ?? { path: null, version: null, source: "missing" };
    }
    case "buildable":
      return builtOnFirstUse(toolchain.version);
    case "missing":
      return { path: null, version: null, source: "missing" };
  }
}

function builtOnFirstUse(version: string): DoctorTool {
  return { path: null, version, source: "pinned (built on first use)" };
}

async function describeHub(): Promise<NonNullable<Doctor["hub"]> | QuantsmithError> {
  try {
    const { endpoint, hasToken } = hubConnectionToWrite();
    await proxyAgents(process.env)(new URL(endpoint));
    return { endpoint, token: hasToken };
  } catch (error) {
    if (error instanceof QuantsmithError) return error;
    throw error;
  }
}
