import { backendKinds } from "../llamacpp/compute/compute.js";
import { visibleEnvironment } from "../llamacpp/compute/visible-devices.js";
import type { Settings } from "../recipe/settings.js";
import type { Warning } from "../util/warnings.js";
import type { PlanFacts } from "./facts.js";

const code = "QW-SMOKE-DEVICE";

/** Returns the settings of devices that smoke tests do not follow, since node-llama-cpp has none of them. */
export function smokeWarnings({ compute: settings, stages, smoke }: Settings, { compute }: PlanFacts): Warning[] {
  const chosen = compute.compute;
  if (chosen.backend === "cpu" || !stages.includes("smoke") || smoke.length === 0) return [];
  const { mainGpu, tensorSplit, cpuMoe, device } = settings;
  const ignored = [
    ...(mainGpu === null ? [] : ["`mainGpu`"]),
    ...(tensorSplit === null ? [] : ["`tensorSplit`"]),
    ...(cpuMoe === "on" ? ["`cpuMoe`"] : []),
  ];
  const warnings: Warning[] = [];
  if (ignored.length > 0) {
    warnings.push({
      code,
      message: `smoke tests ignore ${ignored.join(" and ")}: node-llama-cpp splits the layers by the devices' free memory`,
      remedy: "If the memory is too small for a smoke test, set a number of `gpuLayers`.",
    });
  }
  const isNamed = device !== "auto" && !backendKinds.some((kind) => kind === device);
  if (isNamed && chosen.backend === "vulkan" && Object.keys(visibleEnvironment(chosen)).length === 0) {
    warnings.push({
      code,
      message: `smoke tests use all Vulkan devices instead of ${device}`,
      remedy: "Set the environment variable `GGML_VK_VISIBLE_DEVICES` to the numbers of the devices to use.",
    });
  }
  return warnings;
}
