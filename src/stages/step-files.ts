import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ToolRun } from "../llamacpp/tool-run.js";
import type { ProjectorType } from "../quant/names.js";
import { readRegular } from "../util/regular-file.js";
import { requiredInput, type StageContext } from "./stage.js";

/** Links an input into the working folder under `name`, which tools print and may write into metadata. */
export async function linkInput(
  context: Pick<StageContext, "input" | "work">,
  input: string,
  name: string,
): Promise<string> {
  await symlink(requiredInput(context, input), join(context.work, name));
  return name;
}

/** Returns the input name of a projector. */
export function projectorInput(type: ProjectorType): string {
  return `projector:${type}`;
}

/** Links the folder that survives a killed run into the working folder; returns its name for tools. */
export async function linkPartial(context: Pick<StageContext, "partial" | "work">): Promise<string> {
  const name = "kept";
  await symlink(await context.partial(), join(context.work, name));
  return name;
}

/** Writes a step's JSON report to its output folder. */
export async function writeReport(context: StageContext, name: string, report: object): Promise<void> {
  await writeFile(join(context.out, name), `${JSON.stringify(report, null, 2)}\n`);
}

/** Reads the JSON report of another step; returns undefined for a missing optional input. */
export async function readReport<T>(path: string): Promise<T>;
export async function readReport<T>(path: string | undefined): Promise<T | undefined>;
export async function readReport<T>(path: string | undefined): Promise<T | undefined> {
  return path === undefined ? undefined : (JSON.parse(String(await readRegular(path))) as T);
}

/** Returns the common options of a step's llama.cpp runs. Output paths are `../out/<name>` from the working folder. */
export async function toolRun(context: StageContext): Promise<ToolRun> {
  const { work: cwd, threads, compute, signal } = context;
  const { progress: onProgress, note: onNote, layers: onLayers } = context;
  return { toolchain: await context.toolchain(), cwd, threads, compute, signal, onProgress, onNote, onLayers };
}
