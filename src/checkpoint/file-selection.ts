import { matchesGlob } from "./glob.js";
import { isSnapshotFile } from "./snapshot-files.js";

/** What a recipe says about the files of a checkpoint. */
export interface FileSelection {
  /** Globs of files to take besides the usual ones. */
  include: readonly string[];
  /** Globs of files to leave behind. */
  exclude: readonly string[];
  /** Also take what can run code when it is opened. */
  allowUnsafe: boolean;
}

export const defaultFileSelection: FileSelection = { include: [], exclude: [], allowUnsafe: false };

/** Pickles, programs and libraries: opening or importing them runs whatever they hold. */
const unsafe = /\.(bin|pt|pth|ckpt|pkl|pickle|joblib|py|pyc|so|dll|dylib|sh)$/i;

/** The unsafe files that belong to a checkpoint in the old format. */
const unsafeParts = /^(pytorch_model[\w.-]*\.(bin|bin\.index\.json)|[\w.-]+\.py)$/;

/** True for a file that can run code when a tool opens it. */
export function isUnsafe(name: string): boolean {
  return unsafe.test(name);
}

/** True for files of weights, of which only those the converter reads are taken. */
export function isWeightFile(name: string): boolean {
  return name.endsWith(".safetensors") || /^pytorch_model.*\.bin$/.test(name);
}

/** True for what the recipe leaves behind. */
export function isExcluded(name: string, { exclude }: FileSelection): boolean {
  return exclude.some((glob) => matchesGlob(name, glob));
}

/** True for what the recipe names besides the usual files. */
export function isIncluded(name: string, { include }: FileSelection): boolean {
  return include.some((glob) => matchesGlob(name, glob));
}

/** True for a file that belongs to the checkpoint by the recipe's choice. `name` is relative to the repository. */
export function isSelected(name: string, selection: FileSelection): boolean {
  if (isExcluded(name, selection) || (isUnsafe(name) && !selection.allowUnsafe)) return false;
  const usual = isSnapshotFile(name) || (selection.allowUnsafe && unsafeParts.test(name));
  return usual || isIncluded(name, selection);
}
