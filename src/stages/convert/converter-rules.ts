import { type Architectures, readArchitectures } from "../../llamacpp/toolchain/architectures.js";
import { pinnedQuantization } from "../../llamacpp/toolchain/pinned-quantization.js";
import { type QuantizationMethods, readQuantizationMethods } from "../../llamacpp/toolchain/quantization-methods.js";
import type { ToolchainStatus } from "../../llamacpp/toolchain/toolchain.js";

/** What llama.cpp's converter reads, from its source; null where it is unknown. */
export interface ConverterRules {
  architectures: Architectures | null;
  quantization: QuantizationMethods | null;
}

/** Reads the converter's tables. Before the tools are built, only the recorded rules of the pinned converter are known. */
export async function converterRules(status: ToolchainStatus): Promise<ConverterRules> {
  if (status.state !== "ready") return { architectures: null, quantization: pinnedQuantization };
  return {
    architectures: await readArchitectures(status.toolchain),
    quantization: await readQuantizationMethods(status.toolchain),
  };
}
