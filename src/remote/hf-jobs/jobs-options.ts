import type { ExecutorSettings } from "../../recipe/executors-schema.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";

/** Where and on what jobs run, complete. */
export interface JobsOptions {
  image: string;
  flavor: string;
  /** Limit of every job, whole seconds. */
  timeoutSeconds: number;
  /** Who pays. */
  namespace: string;
  /** `<namespace>/<name>`. */
  bucket: string;
  /** The folder in the bucket that is the output folder; undefined for the bucket itself. */
  folder: string | undefined;
  /** How many run at once. */
  jobs: number;
  /** Jobs that a step is dealt out to. */
  shards: number;
}

const defaultTimeoutSeconds = 4 * 3600;
const defaultJobs = 8;
const defaultShards = 4;
const page = "docs/hf-jobs.md says what is needed.";

/** Completes the pipeline's `executors.hfJobs`. Errors: QS-JOBS-SETTING for what is missing or malformed. */
export function jobsOptions(settings: ExecutorSettings["hfJobs"]): JobsOptions {
  const { image, flavor, bucket, timeout, namespace, jobs, parts } = settings ?? {};
  if (image === undefined || flavor === undefined || bucket === undefined) {
    const missing = Object.entries({ image, flavor, bucket }).filter(([, value]) => value === undefined);
    const names = missing.map(([name]) => `\`executors.hfJobs.${name}\``).join(", ");
    throw new QuantsmithError("QS-JOBS-SETTING", `the pipeline does not say on what jobs should run: ${names}`, {
      remedy: `Set them in a pipeline of your own. ${page}`,
    });
  }
  const words = /^([A-Za-z0-9][\w.-]*)\/([A-Za-z0-9][\w.-]*)(?:\/([\w.-]+(?:\/[\w.-]+)*))?$/.exec(bucket);
  if (words === null || /(^|\/)\.\.?(\/|$)/.test(bucket)) {
    throw new QuantsmithError(
      "QS-JOBS-SETTING",
      `\`executors.hfJobs.bucket\` is ${quote(bucket)}, which is no bucket`,
      {
        remedy: `Write \`<namespace>/<bucket>\`, with \`/<folder>\` where the output folder is not the whole bucket. ${page}`,
      },
    );
  }
  const [, owner = "", name = "", folder] = words;
  if (namespace !== undefined && !/^[A-Za-z0-9][\w.-]*$/.test(namespace)) {
    throw new QuantsmithError("QS-JOBS-SETTING", `\`executors.hfJobs.namespace\` is ${quote(namespace)}`, {
      remedy: "Write the name of a user or an organization.",
    });
  }
  return {
    ...{ image, flavor, folder, bucket: `${owner}/${name}`, namespace: namespace ?? owner },
    timeoutSeconds: timeout ?? defaultTimeoutSeconds,
    jobs: jobs ?? defaultJobs,
    shards: parts ?? defaultShards,
  };
}
