import { join } from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { redact } from "../../util/redact.js";
import { readRegular } from "../../util/regular-file.js";
import type { QueueEntry } from "./queue-entry.js";

/** Returns the path of a job's output; `task` is a number, or `%a` for Slurm to replace. */
export function outputFile(folder: string, slurmName: string, task?: number | "%a"): string {
  return join(folder, `${slurmName}${task === undefined ? "" : `-${task}`}.txt`);
}

const tailLines = 12;
/** Slurm's text in the output of a job that it killed for its memory; not every setup also sets the state. */
const outOfMemory = /oom[- ]?kill|exceeded (?:job|step) memory limit/i;

/** Returns the error of a failed job without an error report, with the last lines of its output. */
export async function jobFailure(name: string, entry: QueueEntry, folder: string): Promise<QuantsmithError> {
  const text = await readRegular(outputFile(folder, entry.slurmName, entry.task)).then(String, () => "");
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  const output = redact(lines.slice(-tailLines).join("\n"));
  const details = (remedy: string) => ({ remedy, ...(output === "" ? {} : { output }) });
  const what = `job ${name} (Slurm's ${entry.id})`;
  switch (outOfMemory.test(output) ? "OUT_OF_MEMORY" : entry.state) {
    case "TIMEOUT":
    case "DEADLINE":
      return new QuantsmithError(
        "QS-SLURM-TIME",
        `${what} exceeded its time limit`,
        details(
          "Raise `executors: { slurm: { time: … } }` in the recipe or pipeline and run again. Finished parts of the step are kept.",
        ),
      );
    case "OUT_OF_MEMORY":
      return new QuantsmithError(
        "QS-SLURM-MEMORY",
        `${what} exceeded its memory limit`,
        details("Raise `executors: { slurm: { memory: … } }` in the recipe or pipeline and run again."),
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
        `${what} ended with state ${entry.state}${entry.reason === "None" ? "" : ` (${entry.reason})`}`,
        details(`Read ${outputFile(folder, entry.slurmName, entry.task)}, fix the cause and run again.`),
      );
  }
}
