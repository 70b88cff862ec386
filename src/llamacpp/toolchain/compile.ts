import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import PQueue from "p-queue";
import { QuantsmithError } from "../../util/errors.js";
import { packageRoot } from "../../util/package-root.js";
import { runSubprocess } from "../../util/subprocess.js";
import { toolFailure } from "../tool-failure.js";
import type { BuildPrograms } from "./build-programs.js";
import { linkedLibrary } from "./pinned-package.js";
import type { SetupTool, toolDefinitions } from "./tools.js";

/** Each compiler needs about 1 GB of memory, and more of them would save little time. */
const maxCompilers = 2;

const cppStandard = "-std=c++17";

/** Folder of quantsmith's own C++ sources. */
export const nativeFolder = fileURLToPath(new URL("native", packageRoot));

/** Where compilers run: the source, and the folder of the libraries and tools. */
export interface Compilation {
  checkout: string;
  bin: string;
  programs: BuildPrograms;
  signal: AbortSignal;
}

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

/**
 * Calls `compile` for each item, at most two at once; after a failure, when the others have ended. `onDone` receives the
 * number of finished items. Throws the first error.
 */
export async function compileAll<T>(
  items: readonly T[],
  compile: (item: T, signal: AbortSignal) => Promise<void>,
  { signal, onDone }: { signal: AbortSignal; onDone(done: number): void },
): Promise<void> {
  const queue = new PQueue({ concurrency: maxCompilers });
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  let done = 0;
  const compileAndCount = async (item: T) => {
    await compile(item, stop);
    onDone(++done);
  };
  onDone(done);
  try {
    await Promise.all(items.map((item) => queue.add(() => compileAndCount(item))));
  } catch (error) {
    // The other compilers must end before their folder is deleted.
    failed.abort(error);
    await queue.onIdle();
    throw error;
  }
}

/** Compiles one tool of a checkout. Throws `QS-TOOL-BUILD`, `QS-DISK-FULL`, `QS-ENV-OOM`. */
export async function compileTool(
  options: Compilation & { name: string; source: (typeof toolDefinitions)[SetupTool]["source"] },
): Promise<void> {
  const { includes, sources } = await sourcesOf(options.source, options.checkout);
  await linkTool(options.name, sources, includes, options);
}

/** Compiles sources or links objects to a tool in `bin`. Throws as `compileTool`. */
export async function linkTool(
  name: string,
  sources: readonly string[],
  includes: readonly string[],
  where: Compilation,
): Promise<void> {
  const { bin } = where;
  const libraries = (await readdir(bin)).filter((each) => linkedLibrary.test(each)).sort();
  const besideItself = process.platform === "darwin" ? "@loader_path" : "$ORIGIN";
  const args = [
    cppStandard,
    ...sources,
    // Linked into each tool.
    path.join(nativeFolder, "log-flush.cpp"),
    ...libraries.map((library) => path.join(bin, library)),
    `-Wl,-rpath,${besideItself}`,
  ];
  await runCompiler(args, path.join(bin, name), includes, where);
}

/** Compiles one source file, in C or C++, to an object. Throws as `compileTool`. */
export function compileObject(
  { source, language }: { source: string; language: "c" | "c++" },
  object: string,
  includes: readonly string[],
  where: Compilation,
): Promise<void> {
  const standard = language === "c" ? [] : [cppStandard];
  return runCompiler([...standard, "-x", language, "-c", source], object, includes, where);
}

async function runCompiler(
  args: readonly string[],
  output: string,
  includes: readonly string[],
  { checkout, programs, signal }: Compilation,
): Promise<void> {
  const [file, ...wrapped] = programs.compiler;
  const result = await runSubprocess({
    file,
    args: [
      ...wrapped,
      ...["-O2", "-w", "-Wno-psabi", "-pthread"],
      ...["include", "ggml/include", "common", "vendor", "src", ...includes].map((include) => `-I${include}`),
      ...args,
      ...["-o", output],
    ],
    cwd: checkout,
    // A killed compiler leaves temporary files, which the next build removes with the checkout.
    env: { TMPDIR: checkout },
    signal,
  });
  if (result.exitCode !== 0) {
    throw buildFailure(result, `compiling ${path.basename(output)} with ${path.basename(file)}`);
  }
  await requireOutput(output, file);
}

/** Returns a tool's source files and include folders, absolute or relative to the checkout. */
async function sourcesOf(source: (typeof toolDefinitions)[SetupTool]["source"], checkout: string) {
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
