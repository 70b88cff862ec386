import { parseChecked, renderChecked } from "../util/checked-json.js";
import type { Fingerprint } from "./fingerprint.js";

/** One output file of a finished step. */
export interface RecordedFile {
  /** Relative to the step's folder, `/` between parts. */
  path: string;
  bytes: number;
  sha256: string;
  /** Modification time in nanoseconds and inode, as text: while both stand, the content is taken as unchanged. */
  mtime: string;
  inode: string;
  /** Set when the file was dropped after its last reader (`keepIntermediates: false`); a new reader has it rebuilt. */
  dropped?: true;
}

/** `record.json`: written last, so its presence means that everything beside it is whole. */
export interface StepRecord {
  format: 2;
  key: string;
  step: string;
  /** The recipe it was first built for; others may share it. */
  recipe: string;
  fingerprint: Fingerprint;
  /** sha256 of every input file, by input name, as read when the step was built. */
  inputs: Record<string, string>;
  outputs: RecordedFile[];
  commands: string[][];
  /** Figures of this machine and this run, such as tokens per second; no part of any output. */
  measurements: Record<string, number>;
  /** ISO time of completion. */
  finished: string;
  seconds: number;
  peakMemoryBytes: number;
}

/** The text of `record.json`, with a checksum over all the rest, so that a damaged record is no record. */
export function renderRecord(record: StepRecord): string {
  return renderChecked(record);
}

/** Reads `record.json`'s text; undefined for anything that is not a whole record of this format. */
export function parseRecord(text: string): StepRecord | undefined {
  const record = parseChecked(text) as StepRecord | undefined;
  return record?.format === 2 ? record : undefined;
}

/** Whether an output, or a file of an output that is a folder, was dropped. */
export function isDropped(record: StepRecord | undefined, output: string): boolean {
  return (record?.outputs ?? []).some(({ path, dropped }) => dropped === true && isWithin(path, output));
}

/** Whether a recorded path is this output, or lies in it when it is a folder. */
export function isWithin(path: string, output: string): boolean {
  return path === output || path.startsWith(`${output}/`);
}
