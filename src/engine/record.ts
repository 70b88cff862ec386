import { posix } from "node:path";
import * as z from "zod";
import type { ReleaseCompute } from "../release/release-report.js";
import { parseChecked, renderChecked } from "../util/checked-json.js";
import type { FileState } from "../util/file-state.js";
import type { Warning } from "../util/warnings.js";
import type { Fingerprint } from "./fingerprint.js";

/** One output file of a finished step. */
export interface RecordedFile extends FileState {
  /** Relative to the step's folder, with `/` separators. */
  path: string;
  sha256: string;
  /**
   * Set when the file was dropped after its last reader (`keepIntermediates: false`); a new reader triggers a rebuild.
   */
  dropped?: true;
}

/** `record.json`: written last, so its presence means that all files beside it are whole. */
export interface StepRecord {
  format: 2;
  key: string;
  step: string;
  /** Recipe of the first build; other recipes may share the step. */
  recipe: string;
  fingerprint: Fingerprint;
  /** sha256 of every input file, by input name, as read when the step was built. */
  inputs: Record<string, string>;
  outputs: RecordedFile[];
  commands: string[][];
  /** Measurements of this machine and this run, such as tokens per second; not part of any output. */
  measurements: Record<string, number>;
  /** What the step warned about; absent without any. */
  warnings?: readonly Warning[];
  /** ISO time of completion. */
  finished: string;
  seconds: number;
  peakMemoryBytes: number;
  /** The devices that evaluated a model; absent for a step of the CPU. */
  compute?: ReleaseCompute;
}

const count = z.number().nonnegative();
const texts = z.record(z.string(), z.string());
const digest = z.string().regex(/^[0-9a-f]{64}$/);
/** The shape of `RecordedFile`. */
export const recordedFile = z.object({
  path: z.string().refine(isInside),
  bytes: z.int().nonnegative(),
  mtime: z.string(),
  ctime: z.string(),
  inode: z.string(),
  sha256: digest,
  dropped: z.literal(true).exactOptional(),
});
const warning = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
  at: z.object({ file: z.string(), line: z.int().exactOptional(), column: z.int().exactOptional() }).exactOptional(),
  variant: z.string().exactOptional(),
});
/** A store can come from a worker, or from the cache of a CI service. */
const stepRecord = z.object({
  format: z.literal(2),
  key: digest,
  step: z.string(),
  recipe: z.string(),
  fingerprint: z.object({
    format: z.literal(1),
    stage: z.string(),
    version: z.int(),
    params: z.record(z.string(), z.json()),
    inputs: texts,
    tools: texts,
    backend: z.string().exactOptional(),
  }),
  inputs: texts,
  outputs: z.array(recordedFile),
  commands: z.array(z.array(z.string())),
  measurements: z.record(z.string(), z.number()),
  warnings: z.array(warning).exactOptional(),
  finished: z.iso.datetime(),
  seconds: count,
  peakMemoryBytes: count,
  compute: z
    .object({
      backend: z.string(),
      device: z.string(),
      driver: z.string().nullable(),
      gpuLayers: z.int().nullable(),
    })
    .exactOptional(),
});

/** Whether a relative path stays in the folder that it is joined to. */
function isInside(path: string): boolean {
  return path !== "." && posix.normalize(path) === path && !/^(?:\/|\.\.(?:\/|$))/.test(path);
}

/** Returns the text of `record.json`, with a checksum over all other fields to detect damage. */
export function renderRecord(record: StepRecord): string {
  return renderChecked(record);
}

/** Parses `record.json`; returns undefined for a damaged record, another format, or an output outside the step's folder. */
export function parseRecord(text: string): StepRecord | undefined {
  const record = parseChecked(text) as StepRecord | undefined;
  return stepRecord.safeParse(record).success ? record : undefined;
}

/** Whether an output, or a file in an output folder, was dropped. */
export function isDropped(record: StepRecord | undefined, output: string): boolean {
  return (record?.outputs ?? []).some(({ path, dropped }) => dropped === true && isWithin(path, output));
}

/** Whether a recorded path is this output, or is inside it when the output is a folder. */
export function isWithin(path: string, output: string): boolean {
  return path === output || path.startsWith(`${output}/`);
}
