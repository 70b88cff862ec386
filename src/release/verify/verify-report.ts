import type { GgufProblem } from "../../gguf/find-problems.js";
import type { ResolutionProblem } from "../resolve/find-problems.js";
import type { Resolution } from "../resolve/resolve-all.js";

/** What `quantsmith verify --json` prints. */
export interface VerifyReport {
  /** No problem is an error. */
  ok: boolean;
  /** The folder, or `hf:org/name@commit`. */
  release: string;
  files: VerifiedFile[];
  /** Of `model.sig`; null when there is none. */
  signature: SignatureReport | null;
  /** What each runtime takes for each reference. */
  resolutions: Resolution[];
  /** Errors first. */
  problems: VerifyProblem[];
}

/** Who signed a release, as far as that could be checked. */
export interface SignatureReport {
  /** `unchecked`: what to trust could not be fetched, so nothing is known of the signature. */
  state: "valid" | "invalid" | "unchecked";
  /** The certificate's subject alternative name; null unless the signature itself is sound. */
  identity: string | null;
  issuer: string | null;
  /** Valid, over these files, and by the expected signer where one is. */
  ok: boolean;
}

export interface VerifiedFile {
  path: string;
  bytes: number;
  /** Of the content as it is; null for files of others on the Hub, which are not read. */
  sha256: string | null;
  /** Whether SHA256SUMS or, for the files that are not in it, nothing at all disagrees. */
  ok: boolean;
  /** The Hub's label; GGUF files only. */
  label?: string | null;
  /** Of GGUF files whose header can be read. */
  bitsPerWeight?: number;
  types?: Record<string, number>;
}

/** Something wrong with a release. The codes are permanent. */
export interface VerifyProblem {
  code: VerifyCode | ResolutionProblem["code"] | GgufProblem["code"];
  /** A warning leaves the release in order. */
  severity: "error" | "warning";
  file: string | null;
  message: string;
  remedy: string;
}

export type VerifyCode =
  | "QS-VERIFY-FILE"
  | "QS-VERIFY-SUMS"
  | "QS-VERIFY-HASH"
  | "QS-VERIFY-MISSING"
  | "QS-VERIFY-EXTRA"
  | "QS-VERIFY-REPORT"
  | "QS-VERIFY-HEADER"
  | "QS-VERIFY-FIGURE"
  | "QS-VERIFY-VARIANT"
  | "QS-VERIFY-GATE"
  | "QS-VERIFY-PROVENANCE"
  | "QS-VERIFY-EDITED"
  | "QS-VERIFY-DIFFERS"
  | "QS-VERIFY-SIGNATURE"
  | "QS-VERIFY-UNCHECKED";

/** For a folder that is not a whole release. */
export const rebuildRemedy = "Make the release again with `quantsmith run`; it replaces the folder as a whole.";

/** For a file whose content is another than the release's. */
export const restoreRemedy =
  "Download the file again, or where the release was made, make it again with `quantsmith run`; never mend it by hand.";

/** A problem that makes a release worthless. */
export function errorProblem(
  code: VerifyCode,
  file: string | null,
  message: string,
  remedy = rebuildRemedy,
): VerifyProblem {
  return { code, severity: "error", file, message, remedy };
}
