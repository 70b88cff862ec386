import type { ExecutorSettings } from "../../recipe/executors-schema.js";

/** `executors: { slurm: … }` of the pipeline. */
export type SlurmSettings = NonNullable<ExecutorSettings["slurm"]>;

/** Resources of a job by default. */
export const slurmDefaults = { cpus: 8, seconds: 4 * 3600, shards: 4 } as const;
