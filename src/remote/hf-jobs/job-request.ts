import { sha256 } from "../../util/sha256.js";
import { type Job, workerArguments } from "../executor.js";
import type { JobRequest } from "./api/create-job.js";
import type { JobsOptions } from "./jobs-options.js";

/** Path of the output folder in a job. */
const mountPath = "/quantsmith";

/** On the machine's own disk, since a bucket does not support tools that seek back to write a header. */
const scratchFolder = "/tmp/quantsmith";

/** Labels that identify jobs. Label values may have at most 63 characters. */
export const jobLabels = { name: "quantsmith", store: "quantsmith-store", attempt: "quantsmith-attempt" } as const;

/** Returns a label value that distinguishes jobs of different output folders, which may have the same names. */
export function storeLabel({ bucket, folder }: JobsOptions): string {
  return sha256(`${bucket}/${folder ?? ""}`).slice(0, 16);
}

/**
 * Returns the Hub request for a job. `attempt` distinguishes a request from its repetition. `cpus` are those of the
 * flavor, since a container may see all cores of its host.
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
