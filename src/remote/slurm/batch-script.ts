import { workerEnvironment } from "../../util/child-environment.js";
import type { Job } from "../executor.js";
import type { Group } from "./group-jobs.js";

/** Returns the shell script for sbatch: sets the environment and executes the worker, in an array that of the task. */
export function batchScript(group: Group, command: (job: Job) => readonly string[]): string {
  const work = (job: Job) => `exec ${command(job).map(quoted).join(" ")}`;
  const [first, ...more] = group;
  const tasks = group.map((job, task) => `${task}) ${work(job)} ;; # ${comment(job)}`);
  return [
    "#!/bin/sh",
    "# Written by quantsmith.",
    ...exports(),
    ...(more.length === 0
      ? [`# ${comment(first)}`, work(first)]
      : [`case "$SLURM_ARRAY_TASK_ID" in`, ...tasks, "*) exit 2 ;;", "esac"]),
    "",
  ].join("\n");
}

/** No other variable of the submitting shell, and no token, reaches a job. */
function exports(): string[] {
  return Object.entries(workerEnvironment())
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `export ${name}=${quoted(value)}`);
}

function comment({ step, shard }: Job): string {
  const of = shard === undefined ? "" : `, part ${shard.index} of ${shard.count}`;
  return `${step}${of}`.replace(/[^\x20-\x7e]/g, "·");
}

/** Quotes one word for a POSIX shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
