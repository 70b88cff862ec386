import { type BigIntStats, statSync } from "node:fs";
import { QuantsmithError } from "../../util/errors.js";
import { isUntouched, type LiveFileState, liveStateOf } from "../../util/file-state.js";
import { quote } from "../../util/quote.js";

/** Checks directly before a file is changed, since this process may have been suspended at any time. */
export interface EditGuard {
  /** Whether this process still has its locks. */
  isHeld: () => boolean;
  /**
   * Throws QS-EDIT-CHANGED if a lock is lost, or if the source file, or the open file with these `stats`, is no longer
   * the one that was read.
   */
  requireUnchanged: (stats?: BigIntStats) => void;
}

/** Guards a file in the state in which it was read. */
export function guardEdit(path: string, before: LiveFileState, isHeld: () => boolean): EditGuard {
  const requireUnchanged = (stats?: BigIntStats) => {
    const now = statSync(path, { bigint: true, throwIfNoEntry: false });
    const found = [...(now === undefined ? [] : [now]), ...(stats === undefined ? [] : [stats])];
    const isSame = now !== undefined && found.every((each) => isUntouched(before, liveStateOf(each)));
    if (!isSame || !isHeld()) throw changedDuringEdit(path);
  };
  return { isHeld, requireUnchanged };
}

/** The error for a file that another process changed during an edit. */
export function changedDuringEdit(path: string): QuantsmithError {
  return new QuantsmithError("QS-EDIT-CHANGED", `another process changed ${quote(path)} during the edit`, {
    remedy: "Check the file, then edit it again. This edit wrote nothing.",
    at: { file: path },
  });
}
