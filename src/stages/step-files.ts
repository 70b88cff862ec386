import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ToolRun } from "../llamacpp/tool-run.js";
import { requiredInput, type StageContext } from "./stage.js";

/** Puts a link to an input into the working folder under the name that tools, and through them readers, will see. */
export async function linkInput(
  context: Pick<StageContext, "input" | "work">,
  input: string,
  name: string,
): Promise<string> {
  await symlink(requiredInput(context, input), join(context.work, name));
  return name;
}

/** Writes a step's JSON report among its outputs. */
export async function writeReport(context: StageContext, name: string, report: object): Promise<void> {
  await writeFile(join(context.out, name), `${JSON.stringify(report, null, 2)}\n`);
}

/** Reads the JSON report of another step; undefined for an optional input that is not there. */
export async function readReport<T>(path: string): Promise<T>;
export async function readReport<T>(path: string | undefined): Promise<T | undefined>;
export async function readReport<T>(path: string | undefined): Promise<T | undefined> {
  return path === undefined ? undefined : (JSON.parse(await readFile(path, "utf8")) as T);
}

/** What every llama.cpp tool of a step is run with. Outputs are named `../out/<name>` from the working folder. */
export async function toolRun(context: StageContext): Promise<ToolRun> {
  const { work: cwd, threads, signal, progress: onProgress } = context;
  return { toolchain: await context.toolchain(), cwd, threads, signal, onProgress };
}
