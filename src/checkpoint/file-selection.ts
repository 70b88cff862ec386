import { isSystemLeftover } from "../util/system-files.js";
import { matchesGlob } from "./glob.js";
import { isSnapshotFile } from "./snapshot-files.js";

/** A recipe's choice of checkpoint files. */
export interface FileSelection {
  /** Globs of additional files. */
  include: readonly string[];
  /** Globs of files to skip. */
  exclude: readonly string[];
  /** Whether files that can run code when opened are included. */
  allowUnsafe: boolean;
}

export const defaultFileSelection: FileSelection = { include: [], exclude: [], allowUnsafe: false };

/** Pickles, programs and libraries: opening or importing them can run code. */
const unsafe = /\.(bin|pt|pth|ckpt|pkl|pickle|joblib|py|pyc|so|dll|dylib|sh)$/i;

/** Unsafe files that belong to a checkpoint in the pickle format. */
const unsafeParts = /^(pytorch_model[\w.-]*\.(bin|bin\.index\.json)|[\w.-]+\.py)$/;

/** Returns true for a file that can run code when a tool opens it. */
export function isUnsafe(name: string): boolean {
  return unsafe.test(name);
}

/** Returns true for weight files, of which a snapshot contains only those that the converter reads. */
export function isWeightFile(name: string): boolean {
  return name.endsWith(".safetensors") || /^pytorch_model.*\.bin$/.test(name);
}

/** Returns true for a file that the recipe excludes, or that the system left behind. */
export function isExcluded(name: string, { exclude }: FileSelection): boolean {
  return isSystemLeftover(name) || exclude.some((glob) => matchesGlob(name, glob));
}

/** Returns true for a file that the recipe includes. */
export function isIncluded(name: string, { include }: FileSelection): boolean {
  return include.some((glob) => matchesGlob(name, glob));
}

/** Returns true for a file of the snapshot under the recipe's choice. `name` is relative to the repository. */
export function isSelected(name: string, selection: FileSelection): boolean {
  if (isExcluded(name, selection) || (isUnsafe(name) && !selection.allowUnsafe)) return false;
  const usual = isSnapshotFile(name) || (selection.allowUnsafe && unsafeParts.test(name));
  return usual || isIncluded(name, selection);
}
