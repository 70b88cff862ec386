import type { HubConnection } from "../../hub/connection.js";
import { formatBytes } from "../../util/bytes.js";
import { QuantsmithError } from "../../util/errors.js";
import type { Job } from "../executor.js";
import { type JobFlavor, readFlavor } from "./api/job-hardware.js";
import { formatUsd, jobUsd, tooExpensive } from "./job-cost.js";
import type { JobsOptions } from "./jobs-options.js";

/**
 * What must be known before the first job is started: that the hardware is there, and that no more than
 * `maxCostUsd` can be spent. Gives the hardware and what to tell the user.
 * Errors: QS-JOBS-COST, QS-JOBS-PRICE, QS-JOBS-FLAVOR, QS-HUB-UNAUTHORIZED without a token, other QS-HUB-*.
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
  if (!connection.hasToken) {
    throw new QuantsmithError("QS-HUB-UNAUTHORIZED", "jobs on the Hub need a token, and there is none", {
      remedy: "Set HF_TOKEN to a token that may start and manage jobs, or log in with `hf auth login`.",
    });
  }
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

/** What the jobs will cost if they take as long as such steps took before; nothing where none is known. */
function expectedCost(
  jobs: readonly Job[],
  { pastSeconds }: { pastSeconds: ReadonlyMap<string, number> },
  { usdPerMinute }: JobFlavor,
): string[] {
  const steps = jobs.filter(({ shard }) => shard === undefined).map(({ step }) => step);
  const known = steps.flatMap((step) => pastSeconds.get(step) ?? []);
  if (known.length === 0) return [];
  // A started minute more for starting up, which is billed too.
  const usd = known.reduce((sum, seconds) => sum + jobUsd(seconds + 60, usdPerMinute), 0);
  return [`Expected: ${formatUsd(usd)}, by what ${known.length} of ${steps.length} steps took where they ran last`];
}

function missingLimitError(estimate: string, worstUsd: number): QuantsmithError {
  return new QuantsmithError("QS-JOBS-COST", `${estimate}, and no limit was given`, {
    remedy: `Nothing was started. Run again with --max-cost ${formatUsd(worstUsd).slice(1)} to accept that.`,
  });
}

function formatLimit(seconds: number): string {
  return seconds >= 7200 ? `${Number((seconds / 3600).toFixed(1))} h` : `${Math.ceil(seconds / 60)} min`;
}

/** What needs more memory than there is reads its files again and again, which is slow; what needs far more is killed. */
function memoryWarnings(jobs: readonly Job[], flavor: JobFlavor): string[] {
  const { memoryBytes: has = Number.POSITIVE_INFINITY } = flavor;
  const needy = jobs.reduce((most, job) => (job.memoryBytes > most.memoryBytes ? job : most), {
    memoryBytes: 0,
    step: "",
  });
  if (needy.memoryBytes <= has) return [];
  const need = formatBytes(needy.memoryBytes);
  return [`${flavor.name} has ${formatBytes(has)} of memory, and ${needy.step} may need ${need}`];
}
