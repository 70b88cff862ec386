import type { RunReport } from "../release/release-report.js";

/** Returns the kind of the base file. A GGUF source may have F32, and experts may be MXFP4. */
export function baseKind({ model, base }: RunReport): string {
  return model.files === undefined && base?.quantized === undefined ? "16-bit GGUF" : "GGUF";
}

/** Returns the source of a release, without the name of a local file or folder. */
export function describeSource({ model: { source, commit, files } }: RunReport): string {
  if (commit !== null) return source;
  return files === undefined ? "a local checkpoint" : "a local GGUF file";
}
