import { sha256 } from "../../util/sha256.js";
import { type Job, workerArguments } from "../executor.js";
import type { JobRequest } from "./api/create-job.js";
import type { JobsOptions } from "./jobs-options.js";

/** Where a job finds the output folder. */
const mountPath = "/quantsmith";

/** On the machine's own disk: tools that go back to write a header cannot do so in a bucket. */
const scratchFolder = "/tmp/quantsmith";

/** The labels by which jobs are found again. Values are at most 63 characters, which labels may be. */
export const jobLabels = { name: "quantsmith", store: "quantsmith-store", attempt: "quantsmith-attempt" } as const;

/** Tells jobs of one output folder from those of another, which may have the same names. */
export function storeLabel({ bucket, folder }: JobsOptions): string {
  return sha256(`${bucket}/${folder ?? ""}`).slice(0, 16);
}

/**
 * What the Hub is asked to run for a job. `attempt` tells one request from a repetition of it; `cpus` are those of the
 * flavor, since a container may be shown all those of its host.
 */
export function jobRequest(
  job: Job,
  options: JobsOptions,
  { attempt, cpus }: { attempt: string; cpus: number | undefined },
): JobRequest {
  const { namespace, image, flavor, bucket, folder, timeoutSeconds } = options;
  return {
    ...{ namespace, flavor, dockerImage: image },
    command: ["quantsmith", ...workerArguments(job, mountPath, cpus), "--scratch", scratchFolder],
    timeoutSeconds,
    labels: {
      [jobLabels.name]: job.name,
      [jobLabels.store]: storeLabel(options),
      [jobLabels.attempt]: attempt,
    },
    volume: { source: `buckets/${bucket}`, mountPath, ...(folder === undefined ? {} : { path: folder }) },
  };
}
