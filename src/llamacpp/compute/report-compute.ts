import type { ToolchainStatus } from "../toolchain/toolchain.js";
import { chooseCompute } from "./choose-compute.js";
import { listExternalBackends } from "./external-backends.js";
import { graphicsHardware } from "./graphics-hardware.js";
import { type BackendStatus, listBackends } from "./list-backends.js";

/** The backends of this machine, and the choice of `device: auto`. */
export interface ComputeReport {
  /** Those of the tools in use, the preferred first. */
  backends: readonly BackendStatus[];
  /** One sentence. */
  auto: string;
}

/** Loads all backends of the tools in use in child processes and reports their devices. */
export async function reportCompute(toolchain: ToolchainStatus): Promise<ComputeReport> {
  const isExternal = toolchain.state === "ready" && toolchain.toolchain.source !== "pinned";
  const backends = await (isExternal ? listExternalBackends(toolchain.toolchain.tools) : listBackends());
  const settings = { gpuLayers: "auto", mainGpu: null, tensorSplit: null, cpuMoe: "auto" } as const;
  const { reason } = await chooseCompute(
    { device: "auto", ...settings },
    { hardware: graphicsHardware, list: (kind) => backends.filter((each) => kind === undefined || each.kind === kind) },
  );
  return { backends, auto: reason };
}
