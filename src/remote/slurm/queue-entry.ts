/** What Slurm knows of one job, or of one task of a job array. */
export interface QueueEntry {
  /** As scancel and `--dependency` take it: `17`, or `17_3` for a task. */
  id: string;
  /** Slurm's name: ours, or that of an array. */
  slurmName: string;
  /** Index in its array; absent for jobs without one, and for arrays that were taken away as a whole. */
  task?: number;
  /** Slurm's long name of the state, such as `PENDING` or `NODE_FAIL`. */
  state: string;
  /** Why it is in that state: `None`, `Resources`, `DependencyNeverSatisfied`. */
  reason: string;
  /** Machine it runs or ran on; absent before. */
  node?: string;
  /** When it was submitted, or put back into the queue, as Slurm writes it: local time, sorts as text. */
  submitted: string;
  workFolder: string;
}

/** squeue's `--format`; the working folder is the one field that may hold any character, so it is the last. */
export const queueFormat = "%i|%K|%T|%V|%B|%j|%r|%Z";

/** Reads what `squeue --array --noheader --format` printed; lines of another form, such as warnings, are left out. */
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
 * The later of two entries for one job. Ids grow, but start again when a controller has lost its state; a task's own entry
 * counts before that of its array.
 */
export function later(left: QueueEntry, right: QueueEntry): QueueEntry {
  if (left.submitted !== right.submitted) return left.submitted > right.submitted ? left : right;
  const [leftId, rightId] = [Number.parseInt(left.id, 10), Number.parseInt(right.id, 10)];
  if (leftId !== rightId) return leftId > rightId ? left : right;
  return right.task === undefined ? left : right;
}
