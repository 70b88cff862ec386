import type { ExecutorSettings } from "../../recipe/executors-schema.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";

/** Complete settings for jobs. */
export interface JobsOptions {
  image: string;
  flavor: string;
  /** Time limit of every job, in whole seconds. */
  timeoutSeconds: number;
  /** The namespace that is billed. */
  namespace: string;
  /** `<namespace>/<name>`. */
  bucket: string;
  /** The folder in the bucket that is the output folder; undefined for the whole bucket. */
  folder: string | undefined;
  /** Maximum number of concurrent jobs. */
  jobs: number;
  /** Number of jobs for a step that is split into shards. */
  shards: number;
}

const defaultTimeoutSeconds = 4 * 3600;
const defaultJobs = 8;
const defaultShards = 4;
const page = "See docs/hf-jobs.md.";

/** Completes the pipeline's `executors.hfJobs`. Errors: QS-JOBS-SETTING for missing or malformed settings. */
export function jobsOptions(settings: ExecutorSettings["hfJobs"]): JobsOptions {
  const { image, flavor, bucket, timeout, namespace, jobs, parts } = settings ?? {};
  if (image === undefined || flavor === undefined || bucket === undefined) {
    const missing = Object.entries({ image, flavor, bucket }).filter(([, value]) => value === undefined);
    const names = missing.map(([name]) => `\`executors.hfJobs.${name}\``).join(", ");
    throw new QuantsmithError("QS-JOBS-SETTING", `${names} must be set`, {
      remedy: `Set these keys in the recipe or its pipeline. ${page}`,
    });
  }
  const words = /^([A-Za-z0-9][\w.-]*)\/([A-Za-z0-9][\w.-]*)(?:\/([\w.-]+(?:\/[\w.-]+)*))?$/.exec(bucket);
  if (words === null || /(^|\/)\.\.?(\/|$)/.test(bucket)) {
    throw new QuantsmithError(
      "QS-JOBS-SETTING",
      `\`executors.hfJobs.bucket\` must be \`<namespace>/<bucket>\`, found ${quote(bucket)}`,
      {
        remedy: `Write \`<namespace>/<bucket>\`, with \`/<folder>\` if the output folder is not the whole bucket. ${page}`,
      },
    );
  }
  const [, owner = "", name = "", folder] = words;
  if (namespace !== undefined && !/^[A-Za-z0-9][\w.-]*$/.test(namespace)) {
    throw new QuantsmithError(
      "QS-JOBS-SETTING",
      `\`executors.hfJobs.namespace\` must be a user or an organization, found ${quote(namespace)}`,
      {
        remedy: "Write the name of a user or an organization.",
      },
    );
  }
  return {
    ...{ image, flavor, folder, bucket: `${owner}/${name}`, namespace: namespace ?? owner },
    timeoutSeconds: timeout ?? defaultTimeoutSeconds,
    jobs: jobs ?? defaultJobs,
    shards: parts ?? defaultShards,
  };
}
