import { type BackendKind, type ComputeSettings, cpuCompute } from "../llamacpp/compute/compute.js";
import { type ComputeChoice, resolveCompute } from "../llamacpp/compute/resolve-compute.js";
import { describeToolchain } from "../llamacpp/toolchain/toolchain.js";
import { QuantsmithError } from "../util/errors.js";
import type { JobFile } from "./job-file.js";

/** Returns the settings with which workers find their devices: `auto` is the kind of backend that the plan chose. */
export function jobSettings(settings: ComputeSettings, backend: BackendKind): ComputeSettings {
  return settings.device === "auto" ? { ...settings, device: backend } : settings;
}

/**
 * Finds the devices of this machine for a job. Errors: QS-WORKER-COMPUTE if they are not of the kind in the step's key;
 * those of `resolveCompute`.
 */
export async function resolveJobCompute(
  { compute, step }: Pick<JobFile, "compute" | "step">,
  signal: AbortSignal,
): Promise<ComputeChoice> {
  if (compute === undefined) return { compute: cpuCompute, reason: "the job is for the CPU" };
  const status = await describeToolchain();
  const tools = status.state === "ready" ? status.toolchain : { source: "pinned" as const };
  const choice = await resolveCompute(compute.settings, tools, signal);
  const { backend } = choice.compute;
  if (backend === compute.backend) return choice;
  throw new QuantsmithError(
    "QS-WORKER-COMPUTE",
    `${step} was planned for ${compute.backend}, and this machine would compute with ${backend} (${choice.reason})`,
    {
      remedy: `Send jobs to machines with ${compute.backend}, or set \`compute: { device: ${backend} }\` in the recipe.`,
    },
  );
}
