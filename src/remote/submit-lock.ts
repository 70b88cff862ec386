import { lockPath, type Workspace } from "../engine/workspace.js";
import { withLock } from "../util/lock.js";

/** Another run took the lock over while this process was suspended, and may have submitted jobs since. */
export class SubmitLockLost extends Error {
  constructor() {
    super("another run is submitting jobs");
  }
}

/**
 * Runs work that submits or cancels jobs, one run at a time. The work calls `requireHeld` before each change of the queue or of
 * job files. Errors: SubmitLockLost, the reason of `signal`.
 */
export function withSubmitLock<T>(
  workspace: Workspace,
  signal: AbortSignal,
  work: (requireHeld: () => void) => Promise<T>,
): Promise<T> {
  return withLock(lockPath(workspace, "submit"), { signal }, ({ isHeld }) =>
    work(() => {
      if (!isHeld()) throw new SubmitLockLost();
    }),
  );
}
