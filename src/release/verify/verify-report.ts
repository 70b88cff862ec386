import type { GgufProblem } from "../../gguf/find-problems.js";
import type { ResolutionProblem } from "../resolve/find-problems.js";
import type { Resolution } from "../resolve/resolve-all.js";

/** Output of `quantsmith verify --json`. */
export interface VerifyReport {
  /** True if no problem is an error. */
  ok: boolean;
  /** The folder, or `hf:org/name@commit`. */
  release: string;
  files: VerifiedFile[];
  /** Result for `model.sig`; null without one. */
  signature: SignatureReport | null;
  /** File that each runtime resolves for each reference. */
  resolutions: Resolution[];
  /** Errors first. */
  problems: VerifyProblem[];
}

/** Result of the signature check. */
export interface SignatureReport {
  /** `unchecked`: Sigstore's trusted root could not be fetched. */
  state: "valid" | "invalid" | "unchecked";
  /** Subject alternative name of the certificate; null if the signature itself is invalid or unchecked. */
  identity: string | null;
  issuer: string | null;
  /** True if the signature is valid, covers these files, and is by the expected signer, if any. */
  ok: boolean;
}

export interface VerifiedFile {
  path: string;
  bytes: number;
  /** Digest of the present content; null for foreign files on the Hub, which are not read. */
  sha256: string | null;
  /** True if no error refers to this file. */
  ok: boolean;
  /** Quantization label on the Hub; GGUF files only. */
  label?: string | null;
  /** Only for GGUF files with a readable header, like `types`. */
  bitsPerWeight?: number;
  types?: Record<string, number>;
}

/** A problem with a release. Codes are permanent. */
export interface VerifyProblem {
  code: VerifyCode | ResolutionProblem["code"] | GgufProblem["code"];
  /** A release with warnings only is valid. */
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
  | "QS-VERIFY-REPO"
  | "QS-VERIFY-SIGNATURE"
  | "QS-VERIFY-UNCHECKED";

/** For an inconsistent release, also one of an earlier format; without `--replace`, `run` keeps a changed folder. */
export const rebuildRemedy = "Rebuild the release with `quantsmith run --replace`, which renames the present folder.";

/** For a missing or changed file. */
export const restoreRemedy =
  "Download the file again. If you built the release, rebuild it with `quantsmith run --verify --replace`.";

/** Returns a problem that makes a release invalid. */
export function errorProblem(
  code: VerifyCode,
  file: string | null,
  message: string,
  remedy = rebuildRemedy,
): VerifyProblem {
  return { code, severity: "error", file, message, remedy };
}
