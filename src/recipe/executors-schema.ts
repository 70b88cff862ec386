import * as z from "zod";
import { duration, size } from "../util/quantity-schema.js";
import { patternString } from "../util/schema-issue.js";

const parts = z
  .int()
  .min(1)
  .max(256)
  .exactOptional()
  .describe("Number of jobs for the probes, and for a measurement on the whole text (default 4).");

/**
 * Options of sbatch that choose resources, or when and where a job runs. A recipe from elsewhere gets no others: they run
 * programs (`--wrap`, `--container`), read and write files (`--output`, `--bb`) or change the job that quantsmith submits.
 */
const sbatchNames = [
  ...["acctg-freq", "batch", "begin", "cluster-constraint", "comment", "constraint", "contiguous", "core-spec"],
  ...["cores-per-socket", "cpu-freq", "cpus-per-gpu", "deadline", "delay-boot", "distribution", "exclude", "exclusive"],
  ...[
    "gpu-bind",
    "gpu-freq",
    "gpus",
    "gpus-per-node",
    "gpus-per-socket",
    "gpus-per-task",
    "gres",
    "gres-flags",
    "hint",
  ],
  ...["licenses", "mail-type", "mail-user", "mcs-label", "mem-bind", "mincpus", "network", "nice", "nodelist"],
  ...["oversubscribe", "power", "prefer", "priority", "qos", "reservation", "segment", "sockets-per-node"],
  ...["spread-job", "switches", "thread-spec", "threads-per-core", "tmp", "tres-bind", "tres-per-task", "wckey"],
];

const sbatchOption = patternString(
  new RegExp(`^--(?:${sbatchNames.join("|")})(?:=.+)?$`),
  "an option of sbatch that recipes may set",
  "Use an option that requests resources, as `--qos=low`. For others, set sbatch's variables, such as `SBATCH_CLUSTERS`.",
);

const slurm = z
  .strictObject({
    partition: z.string().min(1).exactOptional().describe("Partition for jobs (default: the cluster's)."),
    account: z.string().min(1).exactOptional().describe("Account that jobs are charged to."),
    cpus: z.int().min(1).exactOptional().describe("Cores of one job (default 8)."),
    memory: size
      .exactOptional()
      .describe("Memory of one job (default: input and output sizes of the step, plus 2 GiB)."),
    time: duration.exactOptional().describe("Time limit of one job (default 4 h)."),
    options: z
      .array(sbatchOption)
      .exactOptional()
      .describe("Additional options for sbatch that request resources, as `name=value`."),
    parts,
  })
  .describe("Slurm, for `run --executor slurm`.");

const hfJobs = z
  .strictObject({
    image: z.string().min(1).exactOptional().describe("Container image with quantsmith installed."),
    flavor: z.string().min(1).exactOptional().describe("Hardware of one job, such as `cpu-xl`."),
    timeout: duration.exactOptional().describe("Time limit of one job (default 4 h)."),
    namespace: z.string().min(1).exactOptional().describe("User or organization that pays (default: the bucket's)."),
    bucket: z
      .string()
      .min(1)
      .exactOptional()
      .describe("Storage bucket used as the output folder: `me/store`, or a folder in it, `me/store/folder`."),
    jobs: z.int().min(1).max(100).exactOptional().describe("Concurrent jobs (default 8)."),
    parts,
  })
  .describe("Hugging Face Jobs, for `run --executor hf-jobs`.");

/** Where steps can run besides this machine. */
export const executors = z
  .strictObject({ slurm: slurm.exactOptional(), hfJobs: hfJobs.exactOptional() })
  .describe("Resources to request for remote steps (`run --executor`); they do not change results.");

export type ExecutorSettings = z.output<typeof executors>;
