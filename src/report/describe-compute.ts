import type { RunReport } from "../release/release-report.js";

/** One sentence about the devices that measured a release; undefined if all was computed on the CPU. */
export function describeCompute({ compute }: RunReport): string | undefined {
  if (compute === undefined) return undefined;
  const driver = compute.driver === null ? "" : `, driver ${compute.driver}`;
  return `Computed and measured on ${compute.device} with llama.cpp's ${backendName(compute.backend)} backend${driver}; other backends give slightly different figures.`;
}

function backendName(backend: string): string {
  const names: Readonly<Record<string, string>> = { cuda: "CUDA", vulkan: "Vulkan", metal: "Metal" };
  return names[backend] ?? backend;
}
