import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { surveyFolder } from "../../../src/checkpoint/outline/survey-folder.js";
import type { ToolRun } from "../../../src/llamacpp/tool-run.js";
import { convertNative } from "../../../src/stages/convert/convert-native.js";
import { convertUpstream } from "../../../src/stages/convert/convert-upstream.js";
import { converterRules } from "../../../src/stages/convert/converter-rules.js";
import { foreseeCheckpoint } from "../../../src/stages/convert/foresee-checkpoint.js";
import { requireQuantization } from "../../../src/stages/convert/require-quantization.js";
import { requireTemplates } from "../../../src/stages/convert/require-templates.js";
import { QuantsmithError } from "../../../src/util/errors.js";
import { failureOf, thrownBy } from "../../fixtures/failure.js";
import { formats, typedSafetensors } from "../../fixtures/quantized-tensors.js";
import { stageContext } from "../../fixtures/stage-context.js";
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

const secret = `hf_${"s3cr3t".repeat(5)}`;
const pem = "-----BEGIN PRIVATE KEY-----\ns3cr3t\n-----END PRIVATE KEY-----";

test.each([
  ["chat_template.jinja", `{# line 1 #}\n{# ${secret} #}`, 'line 2 of "tokenizer.chat_template"'],
  ["tokenizer_config.json", JSON.stringify({ chat_template: `{# ${pem} #}` }), 'line 1 of "tokenizer.chat_template"'],
  [
    "tokenizer_config.json",
    JSON.stringify({ chat_template: [{ name: "tool_use", template: secret }] }),
    'line 1 of "tokenizer.chat_template.tool_use"',
  ],
])(
  "a token in a chat template in %s is refused before the conversion by either converter",
  async (file, text, place) => {
    const folder = mkdtempSync(join(temporaryFolder(), "model-"));
    writeFileSync(join(folder, file), text);
    const error = await failureOf(requireTemplates(folder));
    expect(error).toMatchObject({ code: "QS-CONVERT-TOKEN", message: expect.stringContaining(place) });
    expect(`${error.message} ${error.remedy}`).not.toContain("s3cr3t");
    const run = { cwd: folder, threads: 1 } as ToolRun;
    const params = {
      baseModel: null,
      metadata: {},
      modelName: "M",
      outtype: "auto",
      pretokenizer: "auto",
      why: "",
    } as const;
    const upstream = convertUpstream.run(params, stageContext(run, { snapshot: folder }));
    expect(await failureOf(upstream)).toMatchObject({ code: "QS-CONVERT-TOKEN" });
    const native = convertNative.run({ ...params, fallback: false }, stageContext(run, { snapshot: folder }));
    expect(await failureOf(native)).toMatchObject({ code: "QS-CONVERT-TOKEN" });
  },
);

test("paths and short names in a chat template, and a token of a template that no converter reads, are accepted", async () => {
  const folder = mkdtempSync(join(temporaryFolder(), "model-"));
  writeFileSync(join(folder, "chat_template.jinja"), "{# /home/me/hf_template with hf_token #}");
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ chat_template: secret }));
  await requireTemplates(folder);
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
  writeFileSync(join(folder, "chat_template.jinja"), secret);
  expect(await failureOf(foreseeCheckpoint(checkpoint, context))).toMatchObject({ code: "QS-CONVERT-TOKEN" });
});
