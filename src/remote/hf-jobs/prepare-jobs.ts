import type { HubConnection } from "../../hub/connection.js";
import { formatBytes } from "../../util/bytes.js";
import { QuantsmithError } from "../../util/errors.js";
import type { Job } from "../executor.js";
import { type JobFlavor, readFlavor } from "./api/job-hardware.js";
import { formatUsd, jobUsd, tooExpensive } from "./job-cost.js";
import type { JobsOptions } from "./jobs-options.js";

/**
 * Checks, before the first job is started, that the hardware exists and that the worst case costs at most `maxCostUsd`.
 * Returns the hardware and notes for the user.
 * Errors: QS-JOBS-COST, QS-JOBS-PRICE, QS-JOBS-FLAVOR, QS-HUB-*.
 */
export async function prepareJobs(
  jobs: readonly Job[],
  deps: {
    connection: HubConnection;
    options: JobsOptions;
    maxCostUsd: number | undefined;
    pastSeconds: ReadonlyMap<string, number>;
    signal: AbortSignal;
  },
): Promise<{ flavor: JobFlavor; maxCostUsd: number; notes: string[] }> {
  const { connection, options, maxCostUsd, signal } = deps;
  const flavor = await readFlavor(connection, options.flavor, signal);
  const { timeoutSeconds } = options;
  const worst = jobs.length * jobUsd(timeoutSeconds, flavor.usdPerMinute);
  const hourly = `$${Number((flavor.usdPerMinute * 60).toPrecision(3))} an hour`;
  const one = jobs.length === 1;
  const count = `${jobs.length} ${one ? "job" : "jobs"} of at most ${formatLimit(timeoutSeconds)}`;
  const estimate = `${count} on ${flavor.name} (${hourly}) ${one ? "costs" : "cost"} at most ${formatUsd(worst)}`;
  if (maxCostUsd === undefined) throw missingLimitError(estimate, worst);
  if (worst > maxCostUsd) throw tooExpensive(estimate, maxCostUsd);
  return {
    flavor,
    maxCostUsd,
    notes: [
      `${estimate}; the limit is ${formatUsd(maxCostUsd)}`,
      ...expectedCost(jobs, deps, flavor),
      ...memoryWarnings(jobs, flavor),
    ],
  };
}

/** Returns the expected cost, from the durations of the last builds of the steps; nothing if none is known. */
function expectedCost(
  jobs: readonly Job[],
  { pastSeconds }: { pastSeconds: ReadonlyMap<string, number> },
  { usdPerMinute }: JobFlavor,
): string[] {
  const steps = jobs.filter(({ shard }) => shard === undefined).map(({ step }) => step);
  const known = steps.flatMap((step) => pastSeconds.get(step) ?? []);
  if (known.length === 0) return [];
  // One more started minute for the startup, which is billed too.
  const usd = known.reduce((sum, seconds) => sum + jobUsd(seconds + 60, usdPerMinute), 0);
  return [`Expected: ${formatUsd(usd)}, from the last duration of ${known.length} of ${steps.length} steps`];
}

function missingLimitError(estimate: string, worstUsd: number): QuantsmithError {
  return new QuantsmithError("QS-JOBS-COST", `${estimate}, and \`--max-cost\` is not set`, {
    remedy: `Nothing was started. Run again with \`--max-cost ${formatUsd(worstUsd).slice(1)}\` to accept the cost.`,
  });
}

function formatLimit(seconds: number): string {
  return seconds >= 7200 ? `${Number((seconds / 3600).toFixed(1))} h` : `${Math.ceil(seconds / 60)} min`;
}

/** Returns a warning for too little memory: such a job rereads its files, which is slow, or is killed. */
function memoryWarnings(jobs: readonly Job[], flavor: JobFlavor): string[] {
  const { memoryBytes: has = Number.POSITIVE_INFINITY } = flavor;
  const largest = jobs.reduce((most, job) => (job.memoryBytes > most.memoryBytes ? job : most), {
    memoryBytes: 0,
    step: "",
  });
  if (largest.memoryBytes <= has) return [];
  const need = formatBytes(largest.memoryBytes);
  return [`${flavor.name} has ${formatBytes(has)} of memory, and ${largest.step} may need ${need}`];
}
