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

/** Returns the text of `record.json`, with a checksum over all other fields to detect damage. */
export function renderRecord(record: StepRecord): string {
  return renderChecked(record);
}

/** Parses `record.json`; returns undefined for a damaged record or another format. */
export function parseRecord(text: string): StepRecord | undefined {
  const record = parseChecked(text) as StepRecord | undefined;
  return record?.format === 2 ? record : undefined;
}

/** Whether an output, or a file in an output folder, was dropped. */
export function isDropped(record: StepRecord | undefined, output: string): boolean {
  return (record?.outputs ?? []).some(({ path, dropped }) => dropped === true && isWithin(path, output));
}

/** Whether a recorded path is this output, or is inside it when the output is a folder. */
export function isWithin(path: string, output: string): boolean {
  return path === output || path.startsWith(`${output}/`);
}
