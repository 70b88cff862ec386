import type { ComputeSettings } from "../llamacpp/compute/compute.js";
import type { ComputeSection } from "./compute-schema.js";
import type { PickSetting } from "./settings-types.js";

/** Merges options over a recipe's section over a pipeline's over the defaults. */
export function computeSettings(
  options: ComputeSection,
  recipe: ComputeSection | undefined,
  pipeline: ComputeSection | undefined,
  pick: PickSetting,
): ComputeSettings {
  return {
    device: pick("compute.device", recipe?.device, pipeline?.device, "auto", options.device),
    gpuLayers: pick("compute.gpuLayers", recipe?.gpuLayers, pipeline?.gpuLayers, "auto", options.gpuLayers),
    mainGpu: pick<number | null>("compute.mainGpu", recipe?.mainGpu, pipeline?.mainGpu, null, options.mainGpu),
    tensorSplit: pick<readonly number[] | null>(
      "compute.tensorSplit",
      recipe?.tensorSplit,
      pipeline?.tensorSplit,
      null,
      options.tensorSplit,
    ),
    cpuMoe: pick("compute.cpuMoe", recipe?.cpuMoe, pipeline?.cpuMoe, "auto", options.cpuMoe),
  };
}
