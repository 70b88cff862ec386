import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { redact } from "../../util/redact.js";
import type { QueueEntry } from "./queue-entry.js";

/** Where Slurm writes what a job prints; `task` is a number, or `%a` where Slurm is to put it. */
export function outputFile(folder: string, slurmName: string, task?: number | "%a"): string {
  return join(folder, `${slurmName}${task === undefined ? "" : `-${task}`}.txt`);
}

const tailLines = 12;
/** What Slurm writes into the output of a job that it killed for its memory; not every set-up also has the state for it. */
const outOfMemory = /oom[- ]?kill|exceeded (?:job|step) memory limit/i;

/** What to tell of a job that failed and could not say why itself, with the last lines it printed. */
export async function jobFailure(name: string, entry: QueueEntry, folder: string): Promise<QuantsmithError> {
  const text = await readFile(outputFile(folder, entry.slurmName, entry.task), "utf8").catch(() => "");
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  const output = redact(lines.slice(-tailLines).join("\n"));
  const details = (remedy: string) => ({ remedy, ...(output === "" ? {} : { output }) });
  const what = `job ${name} (Slurm's ${entry.id})`;
  switch (outOfMemory.test(output) ? "OUT_OF_MEMORY" : entry.state) {
    case "TIMEOUT":
    case "DEADLINE":
      return new QuantsmithError(
        "QS-SLURM-TIME",
        `${what} took longer than it may`,
        details(
          "Raise `executors: { slurm: { time: … } }` in the pipeline and run again; finished parts of the step are kept.",
        ),
      );
    case "OUT_OF_MEMORY":
      return new QuantsmithError(
        "QS-SLURM-MEMORY",
        `${what} took more memory than it asked for`,
        details("Raise `executors: { slurm: { memory: … } }` in the pipeline and run again."),
      );
    case "PENDING":
      return new QuantsmithError(
        "QS-SLURM-REFUSED",
        `${what} can never start: ${entry.reason}`,
        details("Change `executors: { slurm: … }` to what the partition allows (`scontrol show partition`)."),
      );
    default:
      return new QuantsmithError(
        "QS-SLURM-JOB",
        `${what} ended as ${entry.state}${entry.reason === "None" ? "" : ` (${entry.reason})`}`,
        details(`Look at ${outputFile(folder, entry.slurmName, entry.task)}, mend what it tells and run again.`),
      );
  }
}
