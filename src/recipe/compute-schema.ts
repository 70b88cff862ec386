import * as z from "zod";
import { patternString, schemaIssue } from "../util/schema-issue.js";

/** Devices of one process; llama.cpp itself allows 16. */
const maxDevices = 64;

/** Models that can stand for the checkpoint where it is evaluated. */
const baseKinds = ["auto", "16bit", "Q8_0"] as const;
export type BaseKind = (typeof baseKinds)[number];

const deviceForm = /^[A-Za-z][A-Za-z0-9_.:-]{0,63}(,[A-Za-z][A-Za-z0-9_.:-]{0,63}){0,63}$/;
const deviceRemedy =
  "Write `auto`, `cpu`, `cuda`, `vulkan`, `metal`, or names of devices as `quantsmith doctor` lists them, such as `CUDA0` or `CUDA0,CUDA1`.";

/** Devices that compute; the same keys in recipes and pipelines. */
export const compute = z
  .strictObject({
    device: patternString(deviceForm, "a device", deviceRemedy)
      .exactOptional()
      .describe(
        "`auto` (the best backend that loads), `cpu`, `cuda`, `vulkan`, `metal`, or names of devices as `quantsmith doctor` lists them, such as `CUDA0` or `CUDA0,CUDA1` (default `auto`).",
      ),
    gpuLayers: z
      .union([z.literal("auto"), z.int().min(0).max(10_000)])
      .exactOptional()
      .describe(
        "Layers on the devices; `auto`: as many as fit into their memory. More than the model has means all (default `auto`).",
      ),
    mainGpu: z
      .int()
      .min(0)
      .max(maxDevices - 1)
      .exactOptional()
      .describe(
        "Index of the device for small tensors and for rounding, among those in use (default: llama.cpp's, the first).",
      ),
    tensorSplit: z
      .array(z.number().min(0).max(1e6))
      .min(1)
      .max(maxDevices)
      .superRefine((shares, check) => {
        if (shares.some((share) => share > 0)) return;
        check.addIssue(schemaIssue("all shares are 0", "Write a share for each device, such as `[3, 1]`."));
      })
      .exactOptional()
      .describe("Shares of the model by device, such as `[3, 1]` (default: by free memory)."),
    cpuMoe: z
      .enum(["auto", "on", "off"])
      .exactOptional()
      .describe("Whether expert weights stay in host memory; `auto`: if they do not fit (default `auto`)."),
    base: z
      .enum(baseKinds)
      .exactOptional()
      .describe(
        "The model that imatrix, logits and probes are computed with: the 16-bit base, or a Q8_0 copy of it, which needs half the memory. `auto` uses the 16-bit base, and stops before a step for which the memory is too small; `16bit` reads what exceeds the memory from the disk again and again (default `auto`).",
      ),
  })
  .superRefine(({ device, base: _base, ...placement }, check) => {
    if (device !== "cpu") return;
    for (const key of Object.keys(placement)) {
      const message = `\`${key}\` does not apply to \`device: cpu\``;
      check.addIssue(schemaIssue(message, "Remove it, or choose another device.", [key]));
    }
  })
  .describe("Devices on which imatrix, logits, measurements, smoke tests and error-feedback rounding are computed.");

export type ComputeSection = z.output<typeof compute>;
