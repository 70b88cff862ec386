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
  format: 1;
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

/** Reads `record.json`'s text; undefined for anything that is not a record of this format. */
export function parseRecord(text: string): StepRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<StepRecord>;
    const whole =
      record.format === 1 &&
      typeof record.key === "string" &&
      typeof record.fingerprint === "object" &&
      Array.isArray(record.outputs);
    return whole ? (record as StepRecord) : undefined;
  } catch {
    return undefined;
  }
}
