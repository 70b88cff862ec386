/** Slurm's state of one job, or of one task of a job array. */
export interface QueueEntry {
  /** Id for scancel and `--dependency`: `17`, or `17_3` for a task. */
  id: string;
  /** Job name in Slurm: the job's own, or that of its array. */
  slurmName: string;
  /** Index in its array; absent for jobs without one, and for arrays that were cancelled as a whole. */
  task?: number;
  /** Slurm's long name of the state, such as `PENDING` or `NODE_FAIL`. */
  state: string;
  /** Reason of the state: `None`, `Resources`, `DependencyNeverSatisfied`. */
  reason: string;
  /** Machine of a running or finished job; absent before. */
  node?: string;
  /** Time of submission or requeue, in Slurm's format: local time, sorts as text. */
  submitted: string;
  workFolder: string;
}

/** squeue's `--format`; the working folder comes last, since it is the only field that may contain any character. */
export const queueFormat = "%i|%K|%T|%V|%B|%j|%r|%Z";

/** Parses the output of `squeue --array --noheader --format`; skips lines of another form, such as warnings. */
export function parseQueue(text: string): QueueEntry[] {
  return text.split("\n").flatMap((line) => {
    const [id = "", task = "", state = "", submitted = "", node = "", slurmName = "", reason = "", ...rest] =
      line.split("|");
    if (!/^\d+(_\d+)?$/.test(id) || rest.length === 0) return [];
    return [
      {
        id,
        slurmName,
        ...(/^\d+$/.test(task) ? { task: Number(task) } : {}),
        state,
        reason,
        ...(node === "" || node === "n/a" || node === "(null)" ? {} : { node }),
        submitted,
        workFolder: rest.join("|"),
      },
    ];
  });
}

/**
 * Returns the later of two entries for one job. Ids grow, but restart when a controller has lost its state. A task's
 * own entry takes precedence over its array's.
 */
export function later(left: QueueEntry, right: QueueEntry): QueueEntry {
  if (left.submitted !== right.submitted) return left.submitted > right.submitted ? left : right;
  const [leftId, rightId] = [Number.parseInt(left.id, 10), Number.parseInt(right.id, 10)];
  if (leftId !== rightId) return leftId > rightId ? left : right;
  return right.task === undefined ? left : right;
}
