import type { ExecutorSettings } from "../../../recipe/executors-schema.js";

/** `executors: { slurm: … }` of the pipeline. */
export type SlurmSettings = NonNullable<ExecutorSettings["slurm"]>;
