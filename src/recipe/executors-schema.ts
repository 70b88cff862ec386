import * as z from "zod";
import { duration, size } from "../util/quantity-schema.js";

const parts = z
  .int()
  .min(1)
  .max(256)
  .exactOptional()
  .describe("Jobs that probes, and measurements that need the whole text, are dealt out to (default 4).");

const slurm = z
  .strictObject({
    partition: z.string().min(1).exactOptional().describe("Where jobs go (default: the cluster's)."),
    account: z.string().min(1).exactOptional().describe("Whom they are charged to."),
    cpus: z.int().min(1).exactOptional().describe("Cores of one job (default 8)."),
    memory: size.exactOptional().describe("Memory of one job (default: by the model's size)."),
    time: duration.exactOptional().describe("Longest time of one job (default 4 h)."),
    options: z.array(z.string().startsWith("--")).exactOptional().describe("More options for sbatch."),
    parts,
  })
  .describe("Slurm, for `run --executor slurm`.");

const hfJobs = z
  .strictObject({
    image: z.string().min(1).exactOptional().describe("Container image that has quantsmith in it."),
    flavor: z.string().min(1).exactOptional().describe("Hardware of one job, such as `cpu-xl`."),
    timeout: duration.exactOptional().describe("Longest time of one job (default 4 h)."),
    namespace: z.string().min(1).exactOptional().describe("User or organization that pays (default: the bucket's)."),
    bucket: z
      .string()
      .min(1)
      .exactOptional()
      .describe("Storage bucket that is the output folder, `me/store`, or a folder in it, `me/store/folder`."),
    jobs: z.int().min(1).max(100).exactOptional().describe("Jobs that run at once (default 8)."),
    parts,
  })
  .describe("Hugging Face Jobs, for `run --executor hf-jobs`.");

/** Where steps can run besides this machine. */
export const executors = z
  .strictObject({ slurm: slurm.exactOptional(), hfJobs: hfJobs.exactOptional() })
  .describe("What to ask a queue for when steps run elsewhere (`run --executor`); no part of what is made.");

export type ExecutorSettings = z.output<typeof executors>;
