import { access, readdir, realpath } from "node:fs/promises";
import path from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { findProgram, isExecutable } from "../../util/find-program.js";
import { sha256, sha256File } from "../../util/sha256.js";
import { readToolVersion } from "./tool-version.js";
import { llamaCppTools, type Tool, type Toolchain, type ToolName, type ToolSource, toolNames } from "./tools.js";

/**
 * Returns the tools in the user's folder, its `bin/` or its `build/bin/`, so that a built llama.cpp checkout works.
 * Throws `QS-TOOL-SETTING` with the first missing tool.
 */
export async function toolsInFolder(folder: string, signal?: AbortSignal): Promise<Toolchain> {
  const files: [ToolName, string][] = [];
  for (const name of toolNames) {
    const file = await firstExecutable(
      ["", "bin", path.join("build", "bin")].map((place) => path.join(folder, place, name)),
    );
    if (file === undefined && isOptional(name)) continue;
    if (file === undefined) {
      throw new QuantsmithError("QS-TOOL-SETTING", `${folder} (QUANTSMITH_LLAMA_CPP) does not contain ${name}`, {
        remedy: "Build the tool there, or unset `QUANTSMITH_LLAMA_CPP` to use the pinned llama.cpp.",
      });
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

/** Returns the tools on the PATH, without a converter; undefined if one is missing. */
export async function toolsOnPath(signal?: AbortSignal): Promise<Toolchain | undefined> {
  const files: [ToolName, string][] = [];
  for (const name of toolNames) {
    const file = await findProgram([name]);
    if (file === undefined && isOptional(name)) continue;
    if (file === undefined) return undefined;
    files.push([name, file]);
  }
  return describe(files, "path", undefined, signal);
}

const isOptional = (name: ToolName) => !llamaCppTools.some((required) => required === name);

async function describe(
  files: readonly [ToolName, string][],
  source: ToolSource,
  scripts: Toolchain["scripts"],
  signal?: AbortSignal,
): Promise<Toolchain> {
  const tools: [ToolName, Tool][] = [];
  for (const [name, file] of files) {
    tools.push([name, { path: file, version: await readToolVersion(name, file, signal), source }]);
  }
  // One by one: each read listens to the signal, and Node warns of more than ten listeners.
  const hashes: string[] = [];
  for (const file of await codeFiles(files)) hashes.push(await sha256File(file, signal));
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

/** Returns the executables and the llama.cpp libraries near them, since an update may change only a library. */
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
