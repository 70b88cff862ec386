import type { ExecutorSettings } from "../../recipe/executors-schema.js";

/** `executors: { slurm: … }` of the pipeline. */
export type SlurmSettings = NonNullable<ExecutorSettings["slurm"]>;

/** What a job asks for where the pipeline says nothing. */
export const slurmDefaults = { cpus: 8, seconds: 4 * 3600, shards: 4 } as const;
