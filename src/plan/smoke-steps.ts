import type { Settings } from "../recipe/settings.js";
import type { SmokePrompt } from "../stages/smoke/expectation.js";
import { smoke } from "../stages/smoke/smoke.js";
import { smokeBase } from "../stages/smoke/smoke-base.js";
import { evaluatedBase } from "./evaluated-base.js";
import { outputOf, step } from "./make-step.js";
import type { Step } from "./plan.js";
import { predictBytes } from "./predict-bytes.js";
import { structureId } from "./validate-steps.js";

/** The base's answers, which the smoke tests of all variants are compared with. */
export function smokeBaseStep(settings: Settings): Step {
  const { smoke: prompts } = settings;
  const inputs = { model: evaluatedBase(settings) };
  return step("smoke:base", smokeBase, { prompts, context: contextFor(prompts) }, inputs, predictBytes.report());
}

/** The smoke test of one variant. */
export function smokeStep(variant: string, { smoke: prompts, stages }: Settings): Step {
  const inputs = {
    model: outputOf(`quantize:${variant}`, "model.gguf"),
    base: outputOf("smoke:base", "smoke-base.json"),
    ...(stages.includes("validate") ? { structure: outputOf(structureId(variant), "structure.json") } : {}),
  };
  const params = { prompts, context: contextFor(prompts) };
  return step(`smoke:${variant}`, smoke, params, inputs, predictBytes.report(), variant);
}

const minContext = 2048;
/** Tokens that a chat template adds around the messages. */
const templateTokens = 512;

/** Returns a context that fits every prompt with its answer: no token is shorter than a byte. */
function contextFor(prompts: readonly SmokePrompt[]): number {
  const needed = prompts.map(({ prompt, system = "", tools = [], maxTokens }) => {
    return Buffer.byteLength(prompt + system + JSON.stringify(tools)) + maxTokens + templateTokens;
  });
  return Math.max(minContext, Math.ceil(Math.max(0, ...needed) / 256) * 256);
}
