import { basename } from "node:path";
import type { Settings } from "../recipe/settings.js";
import type { SmokePrompt } from "../stages/smoke/expectation.js";
import { smoke } from "../stages/smoke/smoke.js";
import { smokeBase } from "../stages/smoke/smoke-base.js";
import { projectorInput } from "../stages/step-files.js";
import { projectorOutput, projectorsOf } from "./convert-steps.js";
import { evaluatedBase } from "./evaluated-base.js";
import type { PlanFacts } from "./facts.js";
import { outputOf, step } from "./make-step.js";
import type { Step, StepInput } from "./plan.js";
import { predictBytes } from "./predict-bytes.js";
import { structureId } from "./validate-steps.js";

/** The base's answers, which the smoke tests of all variants are compared with. */
export function smokeBaseStep(settings: Settings, facts: PlanFacts): Step {
  const { prompts, projectors, pictures } = shown(settings, facts);
  const [projector] = projectors;
  const inputs = {
    model: evaluatedBase(settings),
    ...(projector === undefined ? {} : { [projectorInput(projector)]: projectorOutput(projector) }),
    ...pictures,
  };
  const params = { prompts, ...(projector === undefined ? {} : { projector }), context: contextFor(prompts) };
  return step("smoke:base", smokeBase, params, inputs, predictBytes.report());
}

/** The smoke test of one variant. */
export function smokeStep(variant: string, settings: Settings, facts: PlanFacts): Step {
  const { prompts, projectors, pictures } = shown(settings, facts);
  const inputs = {
    model: outputOf(`quantize:${variant}`, "model.gguf"),
    base: outputOf("smoke:base", "smoke-base.json"),
    ...(settings.stages.includes("validate") ? { structure: outputOf(structureId(variant), "structure.json") } : {}),
    ...Object.fromEntries(projectors.map((type) => [projectorInput(type), projectorOutput(type)])),
    ...pictures,
  };
  const params = { prompts, ...(projectors.length === 0 ? {} : { projectors }), context: contextFor(prompts) };
  return step(`smoke:${variant}`, smoke, params, inputs, predictBytes.report(), variant);
}

/** Returns whether the smoke test shows pictures. */
export function showsPictures({ smoke: prompts, stages }: Settings): boolean {
  return stages.includes("smoke") && prompts.some(({ image }) => image !== undefined);
}

/** Returns the prompts for the lock file: with name and digest of each picture's file; none that nobody asks. */
export function lockedPrompts({ smoke: prompts, stages }: Settings, facts: PlanFacts) {
  const asked = stages.includes("smoke") ? prompts : [];
  return asked.map(({ image, ...prompt }) => {
    if (image === undefined) return prompt;
    const sha256 = facts.pictures.get(image);
    return { ...prompt, image: sha256 === undefined ? image : { name: basename(image), sha256 } };
  });
}

/** Returns the prompts with pictures as names of inputs, those inputs, and the projectors; none without pictures. */
function shown(settings: Settings, facts: PlanFacts) {
  const { smoke: prompts } = settings;
  const files = [...facts.pictures];
  const named = prompts.map(({ image, ...prompt }): SmokePrompt => {
    const index = files.findIndex(([path]) => path === image);
    return image === undefined ? prompt : { ...prompt, image: index === -1 ? image : `picture${index}` };
  });
  const pictures = files.map(([path, digest], index): [string, StepInput] => [
    `picture${index}`,
    { kind: "outside", path, digest },
  ]);
  const projectors = showsPictures(settings) ? projectorsOf(settings, facts) : [];
  return { prompts: named, projectors, pictures: Object.fromEntries(pictures) };
}

const minContext = 2048;
/** Tokens that a chat template adds around the messages. */
const templateTokens = 512;
/** Most tokens of a picture; few models use more. */
const pictureTokens = 4096;

/** Returns a context that fits every prompt with its answer: no token is shorter than a byte. */
function contextFor(prompts: readonly SmokePrompt[]): number {
  const needed = prompts.map(({ prompt, image, system = "", tools = [], maxTokens }) => {
    const text = Buffer.byteLength(prompt + system + JSON.stringify(tools));
    return text + maxTokens + templateTokens + (image === undefined ? 0 : pictureTokens);
  });
  return Math.max(minContext, Math.ceil(Math.max(0, ...needed) / 256) * 256);
}
