import { type Architectures, readArchitectures } from "../../llamacpp/toolchain/architectures.js";
import { readMtpArchitectures } from "../../llamacpp/toolchain/mtp-architectures.js";
import { pinnedQuantization } from "../../llamacpp/toolchain/pinned-quantization.js";
import { type QuantizationMethods, readQuantizationMethods } from "../../llamacpp/toolchain/quantization-methods.js";
import type { ToolchainStatus } from "../../llamacpp/toolchain/toolchain.js";

/** What llama.cpp's converter reads, from its source; null where it is unknown. */
export interface ConverterRules {
  architectures: Architectures | null;
  quantization: QuantizationMethods | null;
  /** Architectures whose layers for multi-token prediction the converter can drop or write to a file of their own. */
  mtpArchitectures: ReadonlySet<string> | null;
}

/**
 * Reads the converter's tables. Before the tools are built, only the recorded rules of the pinned converter for quantized
 * weights are known; the others are null.
 */
export async function converterRules(status: ToolchainStatus): Promise<ConverterRules> {
  if (status.state !== "ready")
    return { architectures: null, quantization: pinnedQuantization, mtpArchitectures: null };
  return {
    architectures: await readArchitectures(status.toolchain),
    quantization: await readQuantizationMethods(status.toolchain),
    mtpArchitectures: await readMtpArchitectures(status.toolchain),
  };
}
