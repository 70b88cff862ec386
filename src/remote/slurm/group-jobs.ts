import type { Job } from "../executor.js";

/** Jobs of one sbatch call: a single job, or an array. */
export type Group = readonly [Job, ...Job[]];

/** By default, clusters accept at least 1001 tasks in an array; small arrays also start sooner. */
const maxArraySize = 250;

/**
 * Groups jobs of one stage with the same dependencies into arrays. Each group comes after its dependencies, if the jobs
 * do.
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
