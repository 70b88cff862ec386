import type { VerifyProblem } from "./verify-report.js";

/** What verifying reads of a release, wherever it lies. */
export interface ReleaseSource {
  /** The folder, or `hf:org/name@commit`. */
  readonly name: string;
  /** Whether others may keep files of their own beside the release, as in a repository on the Hub. */
  readonly shared: boolean;
  files(): Promise<ReleaseFiles>;
  /** sha256 of a file's content as it is there now. */
  sha256(path: string): Promise<string>;
  /** A small text file. */
  text(path: string): Promise<string>;
  /** What a GGUF file's header says, or in one sentence why it cannot be read. */
  header(path: string): Promise<HeaderFacts | string>;
}

/** What there is to read, and what is there and must not be read. */
export interface ReleaseFiles {
  files: { path: string; bytes: number }[];
  problems: VerifyProblem[];
}

/** What of a GGUF header can be held against `release.json`. */
export interface HeaderFacts {
  architecture: string | null;
  /** Values in all tensors. */
  parameters: number;
  /** Tensors per type. */
  types: Record<string, number>;
  bitsPerWeight: number;
  /** Where the last tensor ends, padding included: the size the file must have. */
  bytes: number;
  /** Softer findings, one sentence each with a code. */
  findings: { code: "QS-GGUF-NO-TENSORS" | "QS-GGUF-LAYOUT" | "QS-GGUF-TRAILING"; message: string; remedy: string }[];
}

/** The largest text file of a release that is read: `release.json` of a hundred variants has a megabyte. */
export const maxTextBytes = 64 * 2 ** 20;
