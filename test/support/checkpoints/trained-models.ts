import { join } from "node:path";
import { models } from "../../../bench/bench-models.js";
import { demoFolder } from "../../fixtures/cli.js";
import type { Checkpoint } from "./checkpoint.js";

/** A trained checkpoint in a folder. */
export type TrainedModel = Pick<Checkpoint, "name" | "modelName" | "baseModel" | "outtype"> & { folder: string };

const tinyLlama = { modelName: "Tiny-Llama-5M", baseModel: null, folder: join(demoFolder, "tiny-llama") };

/** The demo's model, and a larger one in five shards that does not come with the repository. */
export const trainedModels: readonly TrainedModel[] = [
  { ...tinyLlama, name: "tiny-llama", outtype: "bf16" },
  { ...tinyLlama, name: "tiny-llama-f16", outtype: "f16" },
  {
    name: "small-llama",
    modelName: "Small-Llama-33M",
    baseModel: null,
    outtype: "auto",
    folder: join(models, "small-llama"),
  },
];

export const noModel = "the model is not there; see QUANTSMITH_BENCH_MODELS";
