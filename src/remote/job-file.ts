import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { readUnchanged } from "../corpus/read-unchanged.js";
import { isLink } from "../engine/step-folder.js";
import { scratchPath, type Workspace } from "../engine/workspace.js";
import { type BackendKind, backendKinds, type ComputeSettings } from "../llamacpp/compute/compute.js";
import type { ToolId } from "../llamacpp/tool-digests.js";
import type { Step, StepInput } from "../plan/plan.js";
import { type StageName, stageNames } from "../stages/stage.js";
import type { JsonObject } from "../util/canonical-json.js";
import { parseChecked, renderChecked } from "../util/checked-json.js";
import { isMissing } from "../util/errors.js";
import { syncFile, syncFolder, writeFileAtomic } from "../util/files.js";
import { readRegular } from "../util/regular-file.js";
import { sha256File } from "../util/sha256.js";

/** An input for another machine: in the store, or by its digest in `.jobs/files/`. */
export type JobInput =
  | { kind: "step"; step: string; stage: StageName; key: string; file: string; optional: boolean }
  | { kind: "outside"; digest: string };

/** `store/.jobs/<key>.json`: a step as data, with everything that a worker needs to run it. */
export interface JobFile {
  format: 1;
  key: string;
  /** Recipe of the run. */
  recipe: string;
  step: string;
  stage: StageName;
  variant?: string;
  operation: string;
  version: number;
  params: JsonObject;
  inputs: Record<string, JobInput>;
  predictedBytes: number;
  toolDigests: Readonly<Record<ToolId, string>>;
  /** How a worker finds its devices, and the kind of backend of the key; absent for a step of the CPU. */
  compute?: { settings: ComputeSettings; backend: BackendKind };
  /** See `StageContext.requiresMemory`; absent: false. */
  requiresMemory?: boolean;
  /** Results finished before this moment (ISO) are built again (`run --fresh`). */
  since: string | null;
  /** The step's files were dropped after their last reader, and are needed again. */
  restore: boolean;
}

const isDigest = /^[0-9a-f]{64}$/;
const digest = z.string().regex(isDigest);
/** One line of text, for display. */
const name = z.string().regex(/^[^\p{Cc}]{1,300}$/u);
const stage = z.enum(stageNames);
const input = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("step"), step: name, stage, key: digest, file: name, optional: z.boolean() }),
  z.object({ kind: z.literal("outside"), digest }),
]);
const jobFile = z.object({
  format: z.literal(1),
  key: digest,
  recipe: name,
  step: name,
  stage,
  variant: name.exactOptional(),
  operation: name,
  version: z.int(),
  params: z.record(z.string(), z.json()),
  inputs: z.record(z.string(), input),
  predictedBytes: z.number().nonnegative(),
  toolDigests: z.record(z.string(), z.string()),
  compute: z
    .object({
      settings: z.object({
        device: name,
        gpuLayers: z.union([z.literal("auto"), z.int().min(0)]),
        mainGpu: z.int().min(0).nullable(),
        tensorSplit: z.array(z.number().min(0)).nullable(),
        cpuMoe: z.enum(["auto", "on", "off"]),
      }),
      backend: z.enum(backendKinds),
    })
    .exactOptional(),
  requiresMemory: z.boolean().exactOptional(),
  since: z.iso.datetime().nullable(),
  restore: z.boolean(),
});

/** Returns the file paths of one job, or of one shard, existing or not. */
export function jobPaths({ jobs }: Pick<Workspace, "jobs">, key: string, shard?: number) {
  const name = join(jobs, shard === undefined ? key : `${key}-${shard}`);
  return { job: join(jobs, `${key}.json`), error: `${name}.error.json`, events: `${name}.ndjson` };
}

/** Writes a job file with a checksum over all other fields. */
export async function writeJobFile(workspace: Workspace, job: JobFile): Promise<void> {
  await mkdir(workspace.jobs, { recursive: true });
  await writeFileAtomic(jobPaths(workspace, job.key).job, renderChecked(job));
}

/** Reads a job file; returns undefined if it is missing, damaged or of another format. */
export async function readJobFile(workspace: Workspace, key: string): Promise<JobFile | undefined> {
  const text = await readRegular(jobPaths(workspace, key).job).catch(() => "");
  const job = parseChecked(text.toString("utf8")) as JobFile | undefined;
  return jobFile.safeParse(job).success && job?.key === key ? job : undefined;
}

/** Returns the path of a text from outside the store that other machines can read. */
export function sharedFile({ jobs }: Pick<Workspace, "jobs">, digest: string): string {
  return join(jobs, "files", digest);
}

/**
 * Copies the texts that a step reads from outside the store to where this user can read them on other machines.
 * Throws QS-INPUT-CHANGED.
 */
export async function shareFiles(workspace: Workspace, inputs: Readonly<Record<string, StepInput>>): Promise<void> {
  await mkdir(join(workspace.jobs, "files"), { recursive: true });
  for (const input of Object.values(inputs)) {
    if (input.kind !== "outside") continue;
    const target = sharedFile(workspace, input.digest);
    // A crash may have truncated an existing copy.
    if ((await sha256File(target).catch(() => undefined)) === input.digest) continue;
    const copy = scratchPath(workspace, "text");
    // Jobs run as the same user; the text may be private by its folder.
    await writeFile(copy, await readUnchanged(input.path, input.digest), { mode: 0o600 });
    await syncFile(copy);
    await rename(copy, target);
    await syncFolder(dirname(target));
  }
}

/** Removes the files of a finished job from `.jobs`. */
export async function removeJobFiles(workspace: Workspace, key: string, shards: number): Promise<void> {
  const { job, error, events } = jobPaths(workspace, key);
  const shardPaths = Array.from({ length: shards }, (_, shard) => jobPaths(workspace, key, shard + 1));
  const paths = [job, error, events, ...shardPaths.flatMap((shard) => [shard.error, shard.events])];
  await Promise.all(paths.map((path) => rm(path, { force: true })));
}

/** Whether the store contains shared texts. */
export async function sharesTexts({ jobs }: Pick<Workspace, "jobs">): Promise<boolean> {
  return (await readdir(join(jobs, "files")).catch(() => [])).length > 0;
}

/**
 * Removes the shared texts that no job file names, but nothing behind a link, which leads to files of others. Call it under the
 * lock of submissions; `requireHeld` throws without it.
 */
export async function removeUnusedTexts({ jobs }: Pick<Workspace, "jobs">, requireHeld: () => void): Promise<void> {
  if ((await isLink(jobs)) || (await isLink(join(jobs, "files")))) return;
  const texts = (await readdir(join(jobs, "files")).catch(() => [])).filter((name) => isDigest.test(name));
  if (texts.length === 0) return;
  const names = (await readdir(jobs)).filter((name) => isDigest.test(name.replace(/\.json$/, "")));
  // As text: a job file of another version counts, too.
  const described = await Promise.all(names.map((name) => readIfThere(join(jobs, name))));
  requireHeld();
  const unused = texts.filter((text) => !described.some((job) => job.includes(text)));
  await Promise.all(unused.map((text) => rm(join(jobs, "files", text), { force: true })));
}

/** A run removes the file of its finished job at any time. */
async function readIfThere(path: string): Promise<string> {
  return readFile(path, "utf8").catch((error: unknown) => {
    if (isMissing(error)) return "";
    throw error;
  });
}

/** Returns a step's inputs for its job file, given the keys and stages of the steps that it reads from. */
export function describeInputs(
  step: Step,
  stageOf: (step: string) => StageName,
  keys: ReadonlyMap<string, string>,
): Record<string, JobInput> {
  return Object.fromEntries(
    Object.entries(step.inputs).flatMap(([name, input]): [string, JobInput][] => {
      if (input.kind === "outside") return [[name, { kind: "outside", digest: input.digest }]];
      const key = keys.get(input.step);
      if (key === undefined) return [];
      const { step: id, file, optional } = input;
      return [[name, { kind: "step", step: id, stage: stageOf(id), key, file, optional }]];
    }),
  );
}
