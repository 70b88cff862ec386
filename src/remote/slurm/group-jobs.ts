import type { Job } from "../executor.js";

/** Jobs that go to Slurm with one call: a single one, or an array. */
export type Group = readonly [Job, ...Job[]];

/** Clusters take at least 1001 tasks in an array unless told otherwise; small arrays are also quicker to start. */
const maxArraySize = 250;

/**
 * Puts jobs of one stage that wait for the same ones into arrays. Groups come in an order in which each stands
 * after those it waits for, given that the jobs do.
 */
export function groupJobs(jobs: readonly Job[]): Group[] {
  const groups = new Map<string, Job[][]>();
  const ordered: Job[][] = [];
  for (const job of jobs) {
    const same = JSON.stringify([job.stage, [...job.after].sort()]);
    const known = groups.get(same) ?? [];
    groups.set(same, known);
    const open = known.at(-1);
    if (open !== undefined && open.length < maxArraySize) open.push(job);
    else {
      const opened = [job];
      known.push(opened);
      ordered.push(opened);
    }
  }
  return ordered.flatMap(([first, ...more]) => (first === undefined ? [] : [[first, ...more] as const]));
}
