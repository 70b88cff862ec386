import { randomBytes } from "node:crypto";
import { copyFile, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import PQueue from "p-queue";
import { QuantsmithError } from "../../util/errors.js";
import { syncFolder } from "../../util/files.js";
import { packageRoot } from "../../util/package-root.js";
import { runSubprocess } from "../../util/subprocess.js";
import { toolFailure } from "../tool-failure.js";
import type { BuildPrograms } from "./build-programs.js";
import { copySource } from "./copy-source.js";
import { linkedLibrary, type PinnedPackage } from "./pinned-package.js";
import { storePretokenizers } from "./pretokenizers.js";
import { readToolVersion } from "./tool-version.js";
import { type ToolName, toolDefinitions, toolNames } from "./tools.js";

export interface BuildOptions {
  pinned: PinnedPackage;
  programs: BuildPrograms;
  /** The final folder, created by a rename. The caller must hold the lock of its parent. */
  target: string;
  signal: AbortSignal;
  onProgress?: (note: string) => void;
}

/** Each compiler needs about 1 GB of memory, and more of them would save little time. */
const maxCompilers = 2;
const temporaryPrefix = ".building-";
const temporaryName = /^\.building-[0-9a-f]{32}$/;

/** Written last: a folder without it is incomplete. */
export const recordName = "toolchain.json";

/** `toolchain.json`: the versions printed by the built tools. */
export interface ToolchainRecord {
  versions: Record<ToolName, string>;
}

/**
 * Compiles the tools from the pinned source against the pinned libraries, and copies the converter's source.
 * Outputs: `bin/` (tools and libraries, which must be in one folder), `source/`, `toolchain.json`.
 * Throws `QS-TOOL-BUILD`, `QS-TOOL-BROKEN`, `QS-DISK-FULL`, `QS-ENV-OOM`.
 */
export async function buildTools(options: BuildOptions): Promise<void> {
  const parent = path.dirname(options.target);
  await removeLeftovers(parent);
  const temporary = path.join(parent, `${temporaryPrefix}${randomBytes(16).toString("hex")}`);
  try {
    await mkdir(temporary, { mode: 0o755 });
    await fill(temporary, options);
    // An existing target has no valid record, or it would have been used.
    await rm(options.target, { recursive: true, force: true });
    await rename(temporary, options.target);
    await syncFolder(parent);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function fill(folder: string, { pinned, programs, signal, onProgress }: BuildOptions): Promise<void> {
  onProgress?.(`unpacking llama.cpp ${pinned.llamaCppVersion}`);
  const checkout = path.join(folder, "checkout");
  await unpackSource(pinned.bundle, checkout, programs.git, signal);

  const bin = path.join(folder, "bin");
  await mkdir(bin, { mode: 0o755 });
  for (const name of await readdir(pinned.libraries)) {
    if (!/\.(node|json)$/.test(name)) await copyFile(path.join(pinned.libraries, name), path.join(bin, name));
  }

  const queue = new PQueue({ concurrency: maxCompilers });
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  let done = 0;
  const compileAndCount = async (tool: ToolName) => {
    await compileTool({ name: tool, source: toolDefinitions[tool].source, checkout, bin, programs, signal: stop });
    done++;
    onProgress?.(`compiling llama.cpp tools: ${done} of ${toolNames.length}`);
  };
  onProgress?.(`compiling llama.cpp tools: 0 of ${toolNames.length}`);
  try {
    await Promise.all(toolNames.map((tool) => queue.add(() => compileAndCount(tool))));
  } catch (error) {
    // The other compilers must end before their folder is deleted.
    failed.abort(error);
    await queue.onIdle();
    throw error;
  }

  const source = path.join(folder, "source");
  await copySource(checkout, source);
  await storePretokenizers(checkout, source);
  await rm(checkout, { recursive: true, force: true });
  const versions: [ToolName, string][] = [];
  for (const tool of toolNames) versions.push([tool, await readToolVersion(tool, path.join(bin, tool), signal)]);
  const record: ToolchainRecord = { versions: Object.fromEntries(versions) as Record<ToolName, string> };
  await writeFile(path.join(folder, recordName), `${JSON.stringify(record, null, 2)}\n`, { flush: true });
}

/** Folder of quantsmith's own C++ sources. */
export const nativeFolder = fileURLToPath(new URL("native", packageRoot));

/** Unpacks llama.cpp's complete source. Throws `QS-TOOL-BUILD`, `QS-DISK-FULL`. */
export async function unpackSource(bundle: string, checkout: string, git: string, signal: AbortSignal): Promise<void> {
  const result = await runSubprocess({
    file: git,
    args: ["clone", "--quiet", bundle, checkout],
    env: { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" },
    cwd: path.dirname(checkout),
    signal,
  });
  if (result.exitCode !== 0) throw buildFailure(result, "unpacking llama.cpp's source");
  await requireOutput(path.join(checkout, "tools"), git);
}

interface Compilation {
  name: string;
  source: (typeof toolDefinitions)[ToolName]["source"];
  checkout: string;
  /** Folder of the libraries and of the compiled tool. */
  bin: string;
  programs: BuildPrograms;
  signal: AbortSignal;
}

/** Compiles one tool of a checkout. Throws `QS-TOOL-BUILD`, `QS-DISK-FULL`, `QS-ENV-OOM`. */
export async function compileTool({ name, source, checkout, bin, programs, signal }: Compilation): Promise<void> {
  const { includes, sources } = await sourcesOf(source, checkout);
  const libraries = (await readdir(bin)).filter((each) => linkedLibrary.test(each)).sort();
  const besideItself = process.platform === "darwin" ? "@loader_path" : "$ORIGIN";
  const [file, ...wrapped] = programs.compiler;
  const result = await runSubprocess({
    file,
    args: [
      ...wrapped,
      ...["-std=c++17", "-O2", "-w", "-Wno-psabi", "-pthread"],
      ...["include", "ggml/include", "common", "vendor", "src", ...includes].map((include) => `-I${include}`),
      ...sources,
      // Linked into each tool.
      path.join(nativeFolder, "log-flush.cpp"),
      ...libraries.map((library) => path.join(bin, library)),
      ...[`-Wl,-rpath,${besideItself}`, "-o", path.join(bin, name)],
    ],
    cwd: checkout,
    // A killed compiler leaves temporary files, which the next build removes with the checkout.
    env: { TMPDIR: checkout },
    signal,
  });
  if (result.exitCode !== 0) throw buildFailure(result, `compiling ${name} with ${path.basename(file)}`);
  await requireOutput(path.join(bin, name), file);
}

/** Returns a tool's source files and include folders, absolute or relative to the checkout. */
async function sourcesOf(source: Compilation["source"], checkout: string) {
  if ("native" in source) return { includes: ["ggml/src"], sources: [path.resolve(nativeFolder, source.native)] };
  const folder = path.join("tools", source.folder);
  const names = (await readdir(path.join(checkout, folder))).filter((each) => each.endsWith(".cpp")).sort();
  return { includes: [folder], sources: names.map((name) => path.join(folder, name)) };
}

function buildFailure(result: Awaited<ReturnType<typeof runSubprocess>>, doing: string) {
  const remedy =
    "Install a C++17 compiler and git with `apt-get install g++ git` (Debian, Ubuntu) or `xcode-select --install` (macOS), or set `QUANTSMITH_LLAMA_CPP` to a folder with llama.cpp's tools.";
  return toolFailure(result, { doing, otherwise: { code: "QS-TOOL-BUILD", remedy } });
}

/** The PATH may contain another program of the expected name. Throws `QS-TOOL-BUILD`. */
async function requireOutput(output: string, program: string): Promise<void> {
  if ((await stat(output).catch(() => undefined)) !== undefined) return;
  throw new QuantsmithError("QS-TOOL-BUILD", `${program} succeeded without writing ${path.basename(output)}`, {
    remedy: "Correct the PATH: it contains another program of that name.",
  });
}

/** Deletes the folders of killed builds, if it can. The lock excludes a live one. */
async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!temporaryName.test(name)) continue;
    await rm(path.join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
