import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cpuCompute } from "../../src/llamacpp/compute/compute.js";
import type { ToolRun } from "../../src/llamacpp/tool-run.js";
import type { StageContext } from "../../src/stages/stage.js";

/** Returns the context of a step without the engine, with its folders in `name` of the working folder. */
export async function stepContext(
  run: ToolRun,
  name: string,
  inputs: Readonly<Record<string, string>>,
): Promise<StageContext> {
  const folderOf = async (part: string) => {
    const folder = join(run.cwd, name, part);
    await mkdir(folder, { recursive: true });
    return folder;
  };
  return {
    out: await folderOf("out"),
    work: await folderOf("work"),
    partial: () => folderOf("partial"),
    input: (input) => inputs[input],
    digest: () => undefined,
    reusableSteps: () => Promise.resolve([]),
    steps: () => [],
    threads: run.threads,
    compute: cpuCompute,
    requiresMemory: false,
    toolchain: async () => run.toolchain,
    python: () => Promise.reject(new Error("this step needs no Python")),
    signal: new AbortController().signal,
    progress: () => undefined,
    layers: () => undefined,
    note: () => undefined,
    warn: () => undefined,
  };
}
