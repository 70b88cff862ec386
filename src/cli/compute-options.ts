import { type ComputeSection, compute } from "../recipe/compute-schema.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";

/** The options as commander hands them over. */
export interface ComputeOptions {
  device?: string;
  gpuLayers?: string;
  mainGpu?: string;
  tensorSplit?: string;
  cpuMoe?: string;
}

/** Returns the options as a recipe's `compute` section. Errors: QS-USAGE, naming the option. */
export function computeSection(options: ComputeOptions): ComputeSection {
  const { device, gpuLayers, mainGpu, tensorSplit, cpuMoe } = options;
  return {
    ...parse("--device", "device", device, device),
    ...parse("--gpu-layers", "gpuLayers", gpuLayers, gpuLayers === "auto" ? gpuLayers : numberOf(gpuLayers)),
    ...parse("--main-gpu", "mainGpu", mainGpu, numberOf(mainGpu)),
    ...parse("--tensor-split", "tensorSplit", tensorSplit, tensorSplit?.split(",").map(numberOf)),
    ...parse("--cpu-moe", "cpuMoe", cpuMoe, cpuMoe),
  };
}

const expected = {
  device:
    "Give `auto`, `cpu`, `cuda`, `vulkan`, `metal`, or devices that `quantsmith doctor` lists, such as `CUDA0,CUDA1`.",
  gpuLayers: "Give `auto` or a number of layers.",
  mainGpu: "Give the index of a device among those in use, counted from 0.",
  tensorSplit: "Give one share for each device, such as `3,1`.",
  cpuMoe: "Give `auto`, `on` or `off`.",
} as const;

function parse(option: string, key: keyof typeof expected, given: string | undefined, value: unknown): ComputeSection {
  if (given === undefined) return {};
  const parsed = compute.safeParse({ [key]: value });
  if (parsed.success) return parsed.data;
  throw new QuantsmithError("QS-USAGE", `invalid value ${quote(given)} of ${option}`, { remedy: expected[key] });
}

/** An empty text is no number. */
function numberOf(text: string | undefined): number {
  return text === undefined || text.trim() === "" ? Number.NaN : Number(text);
}
