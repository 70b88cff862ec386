import type { VerifyProblem } from "./verify-report.js";

/** Read access to a local or published release. */
export interface ReleaseSource {
  /** The folder, or `hf:org/name@commit`. */
  readonly name: string;
  /** True if others may add files to the same place, as in a Hub repository. */
  readonly shared: boolean;
  files(): Promise<ReleaseFiles>;
  /** Current sha256 of a file's content. */
  sha256(path: string): Promise<string>;
  /** Reads a small text file. */
  text(path: string): Promise<string>;
  /** Reads a GGUF header; returns an error message if it cannot be read. */
  header(path: string): Promise<HeaderFacts | string>;
}

/** Readable files, and problems with entries that must not be opened. */
export interface ReleaseFiles {
  files: { path: string; bytes: number }[];
  problems: VerifyProblem[];
}

/** Header facts that are compared with `release.json`. */
export interface HeaderFacts {
  architecture: string | null;
  /** Number of values in all tensors. */
  parameters: number;
  /** Number of tensors per type. */
  types: Record<string, number>;
  /** The type of each tensor of more than one dimension, by name. */
  matrices: ReadonlyMap<string, string>;
  bitsPerWeight: number;
  /** Tensors start at multiples of it, in bytes. */
  alignment: number;
  /** End of the last tensor, padding included: the minimum file size. */
  bytes: number;
  /** Problems in a readable header. */
  findings: { code: "QS-GGUF-NO-TENSORS" | "QS-GGUF-LAYOUT" | "QS-GGUF-TRAILING"; message: string; remedy: string }[];
}

/** Size limit for text files; `release.json` of a hundred variants has about 1 MB. */
export const maxTextBytes = 64 * 2 ** 20;
