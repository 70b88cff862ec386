import { type BackendKind, backendKinds, type ComputeSettings } from "../llamacpp/compute/compute.js";
import { type ComputeChoice, resolveCompute } from "../llamacpp/compute/resolve-compute.js";
import type { ToolchainStatus } from "../llamacpp/toolchain/toolchain.js";
import type { Settings } from "../recipe/settings.js";
import { inRecipe } from "./in-recipe.js";

/**
 * Chooses the devices for a plan. With `inJobs`, other machines evaluate the models, so a kind of backend that the
 * settings name need not exist on this one. Errors: those of `resolveCompute`, with the place of the setting.
 */
export async function planCompute(
  { compute, origins, pipeline, locate }: Settings,
  toolchain: ToolchainStatus,
  inJobs: boolean,
): Promise<ComputeChoice> {
  const kind = backendKinds.find((known) => known === compute.device);
  if (inJobs && kind !== undefined && kind !== "cpu")
    return { compute: elsewhere(kind, compute), reason: `jobs compute with ${kind}` };
  const tools = toolchain.state === "ready" ? toolchain.toolchain : { source: "pinned" as const };
  const choose = () => resolveCompute(compute, tools);
  const origin = origins["compute.device"];
  if (origin === "recipe") return inRecipe(locate(["compute", "device"]), choose);
  return origin === "pipeline" ? inRecipe({ file: pipeline.file }, choose) : choose();
}

function elsewhere(backend: BackendKind, { device: _device, ...placement }: ComputeSettings): ComputeChoice["compute"] {
  return { backend, devices: [], library: null, driver: null, placement };
}
