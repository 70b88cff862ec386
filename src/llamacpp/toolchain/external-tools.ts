import { access, readdir, realpath } from "node:fs/promises";
import path from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { sha256, sha256File } from "../../util/sha256.js";
import { findProgram, isExecutable } from "./find-program.js";
import { readToolVersion } from "./tool-version.js";
import { type Toolchain, type ToolName, type ToolSource, toolNames } from "./tools.js";

/**
 * The tools in the folder a user chose: in it, in `bin/` or in `build/bin/`, so that a llama.cpp checkout works as it is.
 * Throws `QS-TOOL-SETTING` naming the first tool that is not there.
 */
export async function toolsInFolder(folder: string, signal?: AbortSignal): Promise<Toolchain> {
  const files: [ToolName, string][] = [];
  for (const name of toolNames) {
    const file = await firstExecutable(
      ["", "bin", path.join("build", "bin")].map((place) => path.join(folder, place, name)),
    );
    if (file === undefined) {
      throw new QuantsmithError(
        "QS-TOOL-SETTING",
        `${name} is not in the folder QUANTSMITH_LLAMA_CPP names, ${folder}`,
        {
          remedy: "Build it there, or unset QUANTSMITH_LLAMA_CPP to use the pinned llama.cpp.",
        },
      );
    }
    files.push([name, file]);
  }
  const converter = path.join(folder, "convert_hf_to_gguf.py");
  const hasConverter = await access(converter).then(
    () => true,
    () => false,
  );
  return describe(files, "setting", hasConverter ? { converter } : undefined, signal);
}

/** The tools on the PATH; undefined unless all of them are there. They come without a converter. */
export async function toolsOnPath(signal?: AbortSignal): Promise<Toolchain | undefined> {
  const files: [ToolName, string][] = [];
  for (const name of toolNames) {
    const file = await findProgram([name]);
    if (file === undefined) return undefined;
    files.push([name, file]);
  }
  return describe(files, "path", undefined, signal);
}

async function describe(
  files: readonly [ToolName, string][],
  source: ToolSource,
  scripts: Toolchain["scripts"],
  signal?: AbortSignal,
): Promise<Toolchain> {
  const tools: [ToolName, Toolchain["tools"][ToolName]][] = [];
  for (const [name, file] of files) {
    tools.push([name, { path: file, version: await readToolVersion(name, file, signal), source }]);
  }
  const hashes = await Promise.all((await codeFiles(files)).map((file) => sha256File(file, signal)));
  const version = tools[0]?.[1].version ?? "";
  return {
    digest: sha256(hashes.sort().join("\n")),
    version,
    source,
    tools: Object.fromEntries(tools) as Toolchain["tools"],
    scripts,
  };
}

async function firstExecutable(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if (await isExecutable(file)) return file;
  return undefined;
}

/** The executables and llama.cpp's libraries near them: an update in place may change nothing but a library. */
async function codeFiles(tools: readonly [ToolName, string][]): Promise<string[]> {
  const executables = await Promise.all(tools.map(([, file]) => realpath(file)));
  const folders = new Set(
    executables.flatMap((file) => [path.dirname(file), path.resolve(path.dirname(file), "..", "lib")]),
  );
  const found = new Set(executables);
  for (const folder of folders) {
    for (const name of await readdir(folder).catch(() => [])) {
      if (/^lib(llama|ggml).*\.(so|dylib)/.test(name)) found.add(await realpath(path.join(folder, name)));
    }
  }
  return [...found];
}
