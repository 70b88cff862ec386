import type { QuantizationMethods } from "./quantization-methods.js";

const perChannel: ReadonlySet<string> = new Set(["channel", "block"]);

/**
 * The rules of the pinned converter, for `init` and `plan` before its source is unpacked with the tools. A test compares
 * them with `readQuantizationMethods`.
 */
export const pinnedQuantization: QuantizationMethods = {
  methods: new Set(["bitnet", "fp8", "gptq", "compressed-tensors", "modelopt"]),
  formats: new Set([
    ...["nvfp4-pack-quantized", "mixed-precision", "float-quantized", "int-quantized", "naive-quantized"],
    "pack-quantized",
  ]),
  strategies: new Map([
    ["float-quantized", perChannel],
    ["int-quantized", perChannel],
    ["naive-quantized", perChannel],
    ["pack-quantized", new Set(["group"])],
  ]),
  acceptsGroups: false,
  missingGptqBits: new Set([3]),
  own: new Map([
    ["DeepseekV4ForCausalLM", new Set()],
    ["DeepseekV4DSparkModel", new Set()],
    ["GptOssForCausalLM", new Set(["mxfp4"])],
    ["KimiK3ForConditionalGeneration", new Set(["mxfp4-pack-quantized"])],
    ["MiMoV2FlashForCausalLM", new Set()],
    ["MiMoV2ForCausalLM", new Set()],
  ]),
};
