import { access, readFile } from "node:fs/promises";
import path from "node:path";
import { cacheFolder } from "../../util/cache-folder.js";
import { QuantsmithError } from "../../util/errors.js";
import { type BuildPrograms, findBuildPrograms, missingProgramsError } from "./build-programs.js";
import { buildTools, recordName, type ToolchainRecord } from "./build-tools.js";
import { withFolderLock } from "./cache-lock.js";
import { toolsInFolder, toolsOnPath } from "./external-tools.js";
import { findPinnedPackage, type PinnedPackage } from "./pinned-package.js";
import { type Toolchain, type ToolName, toolNames } from "./tools.js";

export type { Tool, Toolchain, ToolName, ToolSource } from "./tools.js";

export interface ToolchainOptions {
  signal?: AbortSignal;
  /** One line about what is going on: "compiling llama.cpp's tools: 1 of 3". */
  onProgress?: (note: string) => void;
}

/** `ready`: usable now. `buildable`: the pinned tools are built on first use. `missing`: neither, and why. */
export type ToolchainStatus =
  | { state: "ready"; digest: string; version: string; toolchain: Toolchain }
  | { state: "buildable"; digest: string; version: string; pinned: PinnedPackage; programs: BuildPrograms }
  | { state: "missing"; problem: QuantsmithError };

/** Raised when the way the tools are built changes, so that older builds are not taken for them. */
const buildRevision = 6;

/**
 * Looks for usable tools and builds nothing: the `QUANTSMITH_LLAMA_CPP` folder, else the pinned tools, else the PATH.
 * Starts no process when the pinned tools are cached. Throws `QS-TOOL-SETTING` and `QS-TOOL-BROKEN`
 * for tools that were asked for or found but cannot be used.
 */
export async function describeToolchain(options: ToolchainOptions = {}): Promise<ToolchainStatus> {
  const setting = process.env.QUANTSMITH_LLAMA_CPP;
  if (setting) return ready(await toolsInFolder(path.resolve(setting), options.signal));

  const pinned = await findPinnedPackage().catch(keepExpected);
  const cached = pinned instanceof QuantsmithError ? undefined : await readPinned(pinned);
  if (cached) return ready(cached);
  const programs = await findBuildPrograms();
  if (!(pinned instanceof QuantsmithError) && !("missing" in programs)) {
    return { state: "buildable", digest: pinnedDigest(pinned), version: pinned.llamaCppVersion, pinned, programs };
  }
  const onPath = await toolsOnPath(options.signal);
  if (onPath) return ready(onPath);
  if (pinned instanceof QuantsmithError) return { state: "missing", problem: pinned };
  return { state: "missing", problem: missingProgramsError("missing" in programs ? programs.missing : []) };
}

/**
 * The tools to use, built first when they are not there yet (about 20 s on two cores, once per user and version).
 * Any number of processes may call it at once: one builds, the others wait.
 * Throws `QS-TOOL-MISSING`, `QS-TOOL-PACKAGE`, `QS-TOOL-SETTING`, `QS-TOOL-BUILD`, `QS-TOOL-BROKEN`.
 */
export async function resolveToolchain(options: ToolchainOptions = {}): Promise<Toolchain> {
  const status = await describeToolchain(options);
  if (status.state === "ready") return status.toolchain;
  if (status.state === "missing") throw status.problem;
  const { pinned, programs } = status;
  const target = pinnedFolder(pinned);
  const waiting = () => options.onProgress?.("waiting for another process that builds llama.cpp's tools");
  return withFolderLock(path.dirname(target), { ...options, onWait: waiting }, async (signal) => {
    const builtMeanwhile = await readPinned(pinned);
    if (builtMeanwhile) return builtMeanwhile;
    await buildTools({
      pinned,
      programs,
      target,
      signal,
      ...(options.onProgress && { onProgress: options.onProgress }),
    });
    const built = await readPinned(pinned);
    if (built === undefined) throw new Error(`the tools just built are not in ${target}`);
    return built;
  });
}

function keepExpected(error: unknown): QuantsmithError {
  if (error instanceof QuantsmithError) return error;
  throw error;
}

function ready(toolchain: Toolchain): ToolchainStatus {
  return { state: "ready", digest: toolchain.digest, version: toolchain.version, toolchain };
}

function pinnedFolder(pinned: PinnedPackage): string {
  return path.join(cacheFolder(), "llama.cpp", `${pinnedDigest(pinned)}-r${buildRevision}`);
}

/** Names the versions and not the compiled bytes, which differ between machines and compilers for the same tools. */
function pinnedDigest(pinned: PinnedPackage): string {
  return `${pinned.llamaCppVersion}-${pinned.packageVersion}-${pinned.platform}`;
}

/** The pinned tools from the cache; undefined when they are not built, or somebody removed a part of them. */
async function readPinned(pinned: PinnedPackage): Promise<Toolchain | undefined> {
  const folder = pinnedFolder(pinned);
  const converter = path.join(folder, "source", "convert_hf_to_gguf.py");
  const paths = toolNames.map((name) => [name, path.join(folder, "bin", name)] as const);
  try {
    const { versions } = JSON.parse(await readFile(path.join(folder, recordName), "utf8")) as ToolchainRecord;
    await Promise.all([converter, ...paths.map(([, file]) => file)].map((file) => access(file)));
    const tools = paths.map(([name, file]) => [name, { path: file, version: versions[name], source: "pinned" }]);
    return {
      digest: pinnedDigest(pinned),
      version: pinned.llamaCppVersion,
      source: "pinned",
      tools: Object.fromEntries(tools) as Record<ToolName, Toolchain["tools"][ToolName]>,
      scripts: { converter },
    };
  } catch {
    return undefined;
  }
}
