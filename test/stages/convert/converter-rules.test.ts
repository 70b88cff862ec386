import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { surveyFolder } from "../../../src/checkpoint/outline/survey-folder.js";
import { converterRules } from "../../../src/stages/convert/converter-rules.js";
import { foreseeCheckpoint } from "../../../src/stages/convert/foresee-checkpoint.js";
import { requireQuantization } from "../../../src/stages/convert/require-quantization.js";
import { QuantsmithError } from "../../../src/util/errors.js";
import { thrownBy } from "../../fixtures/failure.js";
import { formats, typedSafetensors } from "../../fixtures/quantized-tensors.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const problem = new QuantsmithError("QS-TOOL-MISSING", "no compiler", { remedy: "none" });
/** AutoFP8's scales have another name than those that the converter reads for this method. */
const isAutoFp8 = ({ tensors, label }: (typeof formats)[number]) =>
  /^FP8/.test(label) && Object.keys(tensors).some((name) => name.endsWith(".weight_scale"));
const refused = formats.filter((format) => /^(AWQ|bitsandbytes|HQQ)/.test(format.label) || isAutoFp8(format));
const accepted = formats.filter((format) => !refused.includes(format));

/** A model folder with one matrix in a quantizer's layout. */
async function survey({ tensors, quantization }: (typeof formats)[number], architecture = "LlamaForCausalLM") {
  const folder = mkdtempSync(join(temporaryFolder(), "model-"));
  const config = { architectures: [architecture], quantization_config: quantization };
  writeFileSync(join(folder, "model.safetensors"), typedSafetensors(tensors));
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const { format } = await surveyFolder(folder);
  return { config: JSON.parse(JSON.stringify(config)), architecture, format, baseModels: ["some/base"] };
}

test.each(refused)("without tools, $label is refused with the model to use instead", async (format) => {
  const { quantization } = await converterRules({ state: "missing", problem });
  const checkpoint = await survey(format);
  expect(thrownBy(() => requireQuantization(checkpoint, quantization))).toMatchObject({
    code: "QS-CONVERT-QUANTIZED",
    remedy: expect.stringContaining("hf:some/base"),
  });
});

test.each(accepted)("without tools, $label is accepted", async (format) => {
  const { quantization } = await converterRules({ state: "missing", problem });
  requireQuantization(await survey(format, format.label === "MXFP4" ? "GptOssForCausalLM" : undefined), quantization);
});

test("warnings about chat templates are foreseen for either converter's checkpoint", async () => {
  const folder = mkdtempSync(join(temporaryFolder(), "model-"));
  writeFileSync(join(folder, "chat_template.jinja"), "{{ messages }}");
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ chat_template: "{{ other }}" }));
  const context = {
    ...{ work: folder, threads: 1, signal: new AbortController().signal },
    partial: () => Promise.resolve(folder),
    toolchain: () => Promise.reject(problem),
  };
  const checkpoint = { folder, config: {}, pretokenizer: "auto", modelName: "M", isNative: false };
  const found = await foreseeCheckpoint(checkpoint, context);
  expect(found.map(({ code }) => code)).toEqual(["QW-TEMPLATE-DIFFERS"]);
});
