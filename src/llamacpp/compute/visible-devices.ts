import type { Compute } from "./compute.js";

/** Variables that hide devices from a process; the backends number the visible ones from 0. */
const variables: Readonly<Record<string, string>> = {
  cuda: "CUDA_VISIBLE_DEVICES",
  vulkan: "GGML_VK_VISIBLE_DEVICES",
};

/** Returns the number or name of each device of `compute` among all of the machine's, as far as the names tell it. */
export function machineDevices({ backend, devices }: Pick<Compute, "backend" | "devices">): string[] {
  const visible = process.env[variables[backend] ?? ""]?.split(",") ?? [];
  return devices.map(({ name }) => {
    const index = /\d+$/.exec(name)?.[0] ?? "0";
    return visible[Number(index)]?.trim() || index;
  });
}

/** Returns the environment variables of a program that finds its devices itself, so that it finds only those of `compute`. */
export function visibleEnvironment(compute: Pick<Compute, "backend" | "devices">): Record<string, string> {
  const variable = variables[compute.backend];
  // Unset, Vulkan skips software and duplicate devices, and numbers the others anew.
  const isNumbered = compute.backend === "cuda" || process.env[variable ?? ""] !== undefined;
  return variable === undefined || !isNumbered ? {} : { [variable]: machineDevices(compute).join(",") };
}
