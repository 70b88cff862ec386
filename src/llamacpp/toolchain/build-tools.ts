import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { type BuildOptions, buildFolder, copyLibraries, recordName } from "./build-folder.js";
import { compileAll, compileTool, unpackSource } from "./compile.js";
import { copySource } from "./copy-source.js";
import { storePretokenizers } from "./pretokenizers.js";
import { readToolVersion } from "./tool-version.js";
import { type SetupTool, setupTools, toolDefinitions } from "./tools.js";

/** `toolchain.json`: the versions printed by the built tools. */
export interface ToolchainRecord {
  versions: Record<SetupTool, string>;
}

/**
 * Compiles the tools from the pinned source against the pinned libraries, and copies the converter's source.
 * Outputs: `bin/` (tools and libraries, which must be in one folder), `source/`, `toolchain.json`.
 * Throws `QS-TOOL-BUILD`, `QS-TOOL-BROKEN`, `QS-DISK-FULL`, `QS-ENV-OOM`.
 */
export function buildTools(options: BuildOptions): Promise<void> {
  return buildFolder(options.target, (folder) => fill(folder, options));
}

async function fill(folder: string, { pinned, programs, signal, onProgress }: BuildOptions): Promise<void> {
  onProgress?.(`unpacking llama.cpp ${pinned.llamaCppVersion}`);
  const checkout = path.join(folder, "checkout");
  await unpackSource(pinned.bundle, checkout, programs.git, signal);
  const bin = path.join(folder, "bin");
  await copyLibraries(pinned, bin);
  await compileAll(
    setupTools,
    (name, stop) => compileTool({ name, source: toolDefinitions[name].source, checkout, bin, programs, signal: stop }),
    { signal, onDone: (done) => onProgress?.(`compiling llama.cpp tools: ${done} of ${setupTools.length}`) },
  );

  const source = path.join(folder, "source");
  await copySource(checkout, source);
  await storePretokenizers(checkout, source);
  await rm(checkout, { recursive: true, force: true });
  const versions: [SetupTool, string][] = [];
  for (const tool of setupTools) versions.push([tool, await readToolVersion(tool, path.join(bin, tool), signal)]);
  const record: ToolchainRecord = { versions: Object.fromEntries(versions) as ToolchainRecord["versions"] };
  await writeFile(path.join(folder, recordName), `${JSON.stringify(record, null, 2)}\n`, { flush: true });
}
