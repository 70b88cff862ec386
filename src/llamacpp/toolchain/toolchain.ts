import { access, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { cacheFolder } from "../../util/cache-folder.js";
import { canonicalJson } from "../../util/canonical-json.js";
import { QuantsmithError } from "../../util/errors.js";
import { sha256 } from "../../util/sha256.js";
import { recordName } from "./build-folder.js";
import { type BuildPrograms, findBuildPrograms, missingProgramsError } from "./build-programs.js";
import { buildTools, type ToolchainRecord } from "./build-tools.js";
import { withCacheLock } from "./cache-lock.js";
import { nativeFolder } from "./compile.js";
import { toolsInFolder, toolsOnPath } from "./external-tools.js";
import { findPinnedPackage, type PinnedPackage, pinnedDigest } from "./pinned-package.js";
import { requireOwnFolder } from "./require-own-folder.js";
import { type SetupTool, setupTools, type Tool, type Toolchain, visionTool } from "./tools.js";
import { readVisionTool } from "./vision-tool.js";

export type { Tool, Toolchain, ToolName, ToolSource } from "./tools.js";

export interface ToolchainOptions {
  signal?: AbortSignal;
  /** Called with one line of text: "compiling llama.cpp tools: 1 of 3". */
  onProgress?: (note: string) => void;
}

/** `ready`: usable now. `buildable`: the pinned tools are built on first use. `missing`: neither, with the reason. */
export type ToolchainStatus =
  | { state: "ready"; digest: string; version: string; toolchain: Toolchain }
  | { state: "buildable"; digest: string; version: string; pinned: PinnedPackage; programs: BuildPrograms }
  | { state: "missing"; problem: QuantsmithError };

/** Raised if the build changes, so that older builds are not used. */
const buildRevision = 7;

/**
 * Finds usable tools without building any: in the `QUANTSMITH_LLAMA_CPP` folder, else the pinned tools, else on the
 * PATH. Starts no process if the pinned tools are cached. Throws `QS-TOOL-SETTING` and `QS-TOOL-BROKEN` for configured
 * or found tools that do not work, and `QS-CACHE-OWNER`.
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
 * Returns the tools. Builds the pinned ones on first use (about 20 s on two cores, once per user and version).
 * Concurrent processes may call it: one builds, the others wait.
 * Throws `QS-TOOL-MISSING`, `QS-TOOL-PACKAGE`, `QS-TOOL-SETTING`, `QS-TOOL-BUILD`, `QS-TOOL-BROKEN`, `QS-CACHE-OWNER`.
 */
export async function resolveToolchain(options: ToolchainOptions = {}): Promise<Toolchain> {
  const status = await describeToolchain(options);
  if (status.state === "ready") return status.toolchain;
  if (status.state === "missing") throw status.problem;
  const { pinned, programs } = status;
  const target = await pinnedFolder(pinned);
  const waiting = (owner: string) =>
    options.onProgress?.(`waiting for another process to build llama.cpp's tools: ${owner}`);
  return withCacheLock(path.dirname(target), { ...options, onWait: waiting }, async (signal) => {
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
    if (built === undefined) throw new Error(`${target} does not contain the tools just built`);
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

/** Named after the native sources too, so that a changed one is compiled again. */
async function pinnedFolder(pinned: PinnedPackage): Promise<string> {
  const name = `${pinnedDigest(pinned)}-r${buildRevision}-${(await nativeDigest()).slice(0, 12)}`;
  return path.join(cacheFolder(), "llama.cpp", name);
}

/** sha256 of quantsmith's C++ sources. */
async function nativeDigest(): Promise<string> {
  const names = (await readdir(nativeFolder)).filter((name) => /\.(cpp|h)$/.test(name)).sort();
  const contents = await Promise.all(names.map((name) => readFile(path.join(nativeFolder, name), "utf8")));
  return sha256(canonicalJson(contents));
}

/** Returns the cached pinned tools; undefined if they are not built or a file is missing. Throws QS-CACHE-OWNER. */
async function readPinned(pinned: PinnedPackage): Promise<Toolchain | undefined> {
  const folder = await pinnedFolder(pinned);
  await requireOwnFolder(path.join(folder, "bin"));
  const converter = path.join(folder, "source", "convert_hf_to_gguf.py");
  const paths = setupTools.map((name) => [name, path.join(folder, "bin", name)] as const);
  try {
    const { versions } = JSON.parse(await readFile(path.join(folder, recordName), "utf8")) as ToolchainRecord;
    await Promise.all([converter, ...paths.map(([, file]) => file)].map((file) => access(file)));
    const tools = paths.map(([name, file]) => [name, { path: file, version: versions[name], source: "pinned" }]);
    const vision = await readVisionTool(pinned);
    return {
      digest: pinnedDigest(pinned),
      version: pinned.llamaCppVersion,
      source: "pinned",
      tools: {
        ...(Object.fromEntries(tools) as Record<SetupTool, Tool>),
        ...(vision === undefined ? {} : { [visionTool]: vision }),
      },
      scripts: { converter },
    };
  } catch {
    return undefined;
  }
}
