import { access, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { cacheFolder } from "../../util/cache-folder.js";
import { QuantsmithError } from "../../util/errors.js";
import { type BuildOptions, buildFolder, copyLibraries, recordName } from "./build-folder.js";
import { findBuildPrograms, missingProgramsError } from "./build-programs.js";
import { withCacheLock } from "./cache-lock.js";
import { type Compilation, compileAll, compileObject, linkTool, unpackSource } from "./compile.js";
import { findPinnedPackage, type PinnedPackage, pinnedDigest } from "./pinned-package.js";
import { requireOwnFolder } from "./require-own-folder.js";
import { readToolVersion } from "./tool-version.js";
import { type Tool, type Toolchain, visionTool } from "./tools.js";

/** Raised if the build changes, so that older builds are not used. */
const buildRevision = 1;

/**
 * Returns the toolchain with its vision tool, llama-mtmd-cli. Builds the pinned one on first use, in a folder of its own
 * (about two minutes of processor time); concurrent processes wait for one build. Throws `QS-TOOL-VISION` if the llama.cpp
 * in use is another without it, and as `resolveToolchain`.
 */
export async function visionToolchain(
  toolchain: Toolchain,
  options: { signal?: AbortSignal; onProgress?: (note: string) => void },
): Promise<Toolchain> {
  if (toolchain.tools[visionTool] !== undefined) return toolchain;
  if (toolchain.source !== "pinned") throw missingVisionTool();
  const pinned = await findPinnedPackage();
  const tool = (await readVisionTool(pinned)) ?? (await build(pinned, options));
  return { ...toolchain, tools: { ...toolchain.tools, [visionTool]: tool } };
}

/** The error for a llama.cpp build of others without the vision tool. */
export function missingVisionTool(): QuantsmithError {
  return new QuantsmithError("QS-TOOL-VISION", `the llama.cpp in use does not contain ${visionTool}`, {
    remedy:
      "Build it in that folder, unset `QUANTSMITH_LLAMA_CPP` to use the pinned llama.cpp, or remove the `smoke` prompts with `image`.",
  });
}

/** Returns the cached vision tool; undefined if it is not built. Throws QS-CACHE-OWNER. */
export async function readVisionTool(pinned: PinnedPackage): Promise<Tool | undefined> {
  const folder = visionFolder(pinned);
  const file = path.join(folder, "bin", visionTool);
  await requireOwnFolder(path.dirname(file));
  try {
    const { version } = JSON.parse(await readFile(path.join(folder, recordName), "utf8")) as { version: string };
    await access(file);
    return { path: file, version, source: "pinned" };
  } catch {
    return undefined;
  }
}

function visionFolder(pinned: PinnedPackage): string {
  return path.join(cacheFolder(), "llama.cpp", `${pinnedDigest(pinned)}-vision-r${buildRevision}`);
}

async function build(
  pinned: PinnedPackage,
  options: { signal?: AbortSignal; onProgress?: (note: string) => void },
): Promise<Tool> {
  const programs = await findBuildPrograms();
  if ("missing" in programs) throw missingProgramsError(programs.missing);
  const target = visionFolder(pinned);
  const { onProgress } = options;
  const waiting = (owner: string) => onProgress?.(`waiting for another process to build llama.cpp's tools: ${owner}`);
  return withCacheLock(path.dirname(target), { ...options, onWait: waiting }, async (signal) => {
    const builtMeanwhile = await readVisionTool(pinned);
    if (builtMeanwhile) return builtMeanwhile;
    const build: BuildOptions = { pinned, programs, target, signal, ...(onProgress && { onProgress }) };
    await buildFolder(target, (folder) => fill(folder, build));
    const built = await readVisionTool(pinned);
    if (built === undefined) throw new Error(`${target} does not contain the tool just built`);
    return built;
  });
}

/** `bin/`: the tool and llama.cpp's libraries; `toolchain.json`: its version. */
async function fill(folder: string, { pinned, programs, signal, onProgress }: BuildOptions): Promise<void> {
  onProgress?.(`unpacking llama.cpp ${pinned.llamaCppVersion}`);
  const where = { checkout: path.join(folder, "checkout"), bin: path.join(folder, "bin"), programs };
  await unpackSource(pinned.bundle, where.checkout, programs.git, signal);
  await copyLibraries(pinned, where.bin);
  await compileVision({ ...where, signal }, (done, total) => {
    if (done % 10 === 0) onProgress?.(`compiling llama.cpp's vision tool: ${done} of ${total} files`);
  });
  await rm(where.checkout, { recursive: true, force: true });
  const version = await readToolVersion(visionTool, path.join(where.bin, visionTool), signal);
  await writeFile(path.join(folder, recordName), `${JSON.stringify({ version }, null, 2)}\n`, { flush: true });
}

/** Include folders of libmtmd and its tool. */
const includes = ["tools/mtmd", "vendor/hash"];

/** Folders of C++ sources, and the sources of hash functions, one of which is C++ despite its name. */
const cppFolders = ["tools/mtmd", "tools/mtmd/models"];
const hashSources = [
  { source: "vendor/hash/hash.cpp", language: "c++" },
  { source: "vendor/hash/sha1/sha1.c", language: "c++" },
  { source: "vendor/hash/sha256/sha256.c", language: "c" },
  { source: "vendor/hash/xxhash/xxhash.c", language: "c" },
] as const;

/** Compiles libmtmd, which the pinned libraries lack, and its tool; without videos, which need ffmpeg. */
async function compileVision(where: Compilation, onDone: (done: number, total: number) => void): Promise<void> {
  const sources = [...(await cppSources(where.checkout)), ...hashSources];
  const folder = path.join(where.checkout, "objects");
  await mkdir(folder);
  const objectOf = (source: string) => path.join(folder, `${path.basename(source)}.o`);
  await compileAll(
    sources,
    (source, signal) => compileObject(source, objectOf(source.source), includes, { ...where, signal }),
    { signal: where.signal, onDone: (done) => onDone(done, sources.length) },
  );
  await linkTool(
    visionTool,
    sources.map(({ source }) => objectOf(source)),
    includes,
    where,
  );
}

/** Returns libmtmd's sources and its tool's, relative to the checkout. Their base names differ. */
async function cppSources(checkout: string) {
  const names = await Promise.all(cppFolders.map((folder) => readdir(path.join(checkout, folder))));
  return cppFolders.flatMap((folder, index) =>
    (names[index] ?? [])
      // `deprecation-warning.cpp` is a program of its own.
      .filter((name) => name.endsWith(".cpp") && name !== "deprecation-warning.cpp")
      .sort()
      .map((name) => ({ source: `${folder}/${name}`, language: "c++" as const })),
  );
}
