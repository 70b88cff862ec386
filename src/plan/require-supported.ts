import { missingOwnTool } from "../llamacpp/tool-run.js";
import { knownType } from "../quant/ggml-types.js";
import { presetByName } from "../quant/presets.js";
import type { DynamicVariant, Settings, Variant } from "../recipe/settings.js";
import { smokeFigures } from "../release/gates.js";
import { isQuantizedPreset, larger } from "../stages/quantize/quantized-source.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { corpusKinds, localFile } from "./corpus-files.js";
import type { PlanFacts } from "./facts.js";
import { generatesText } from "./generates-text.js";
import { requireVision } from "./pictures.js";

/**
 * Throws QS-RECIPE-INVALID, QS-TOOL-*, QS-SMOKE-PICTURE or QS-TEXT-OVERLAP for a recipe that cannot be planned, at its
 * location in the recipe.
 */
export function requireSupported(settings: Settings, facts: PlanFacts): void {
  for (const variant of settings.variants) {
    if (variant.kind === "dynamic") requireAllocatable(variant, settings, facts);
  }
  const feedback = settings.variants.find(({ rounding }) => rounding === "feedback");
  if (feedback !== undefined) requireFeedback(feedback, settings, facts);
  if (settings.stages.includes("calibrate") && settings.calibration.chatTemplate && !facts.ownTools) {
    throw missingOwnTool("llama-chat");
  }
  requireStages(settings);
  requireMeasured(settings, facts);
  for (const variant of settings.variants) requireNotLarger(variant, settings, facts);
  requireVision(settings, facts);
  requireDisjointTexts(settings, facts);
}

function requireAllocatable(
  { name, path }: DynamicVariant,
  { stages, probes, locate }: Settings,
  { ownTools }: PlanFacts,
): void {
  if (stages.includes("allocate") && probes !== "none" && !ownTools) throw missingOwnTool("llama-probe");
  if (stages.includes("allocate") || !stages.includes("quantize")) return;
  throw new QuantsmithError("QS-RECIPE-INVALID", `the pipeline lacks the stage \`allocate\`, which ${name} needs`, {
    remedy: "Add `allocate` to the pipeline's stages, or give the variant a preset.",
    at: locate([...path, "dynamic"]),
  });
}

/** Error feedback needs second moments from the calibration text, quantsmith's own programs and its own writer. */
function requireFeedback({ name, path }: Variant, settings: Settings, { ownTools }: PlanFacts): void {
  const { stages, quantize, origins, locate } = settings;
  if (!stages.includes("quantize")) return;
  const at = locate(origins["quantize.rounding"] === "recipe" ? ["quantize", "rounding"] : [...path, "rounding"]);
  const fail = (reason: string, remedy: string) =>
    new QuantsmithError("QS-RECIPE-INVALID", `error-feedback rounding of ${quote(name)} ${reason}`, { remedy, at });
  if (!stages.includes("calibrate"))
    throw fail("needs the stage `calibrate`", "Add `calibrate` to the pipeline's stages, or set `rounding: nearest`.");
  if (quantize.engine === "llama-quantize")
    throw fail("needs the engine `bank`", "Remove `engine: llama-quantize`, or set `rounding: nearest`.");
  if (!ownTools) throw missingOwnTool("llama-round");
}

/**
 * Refuses presets that make a source with quantized tensors larger and not better, by their usual size. The tensors
 * themselves, with their fallbacks, are compared when the base's header is known.
 */
function requireNotLarger(variant: Variant, { stages, locate }: Settings, { model: { kept } }: PlanFacts): void {
  if (kept === undefined || variant.kind !== "preset" || !stages.includes("quantize")) return;
  const { preset, allowRequantize, tensors, path } = variant;
  const own = knownType(kept.type).bitsPerWeight;
  const bits = presetByName(preset)?.bitsPerWeight ?? 0;
  const isCoarser = isQuantizedPreset(preset) && (!allowRequantize || preset === "MXFP4_MOE" || bits < own);
  if (isCoarser || (isQuantizedPreset(preset) && Object.keys(tensors).length > 0)) return;
  throw larger(
    `${preset} has ${bits.toFixed(1)} bits per weight, and the source has most weights in ${kept.type} with ${own}: the variant would be larger and not better`,
    locate([...path, ...(variant.name === preset ? [] : ["preset"])]),
  );
}

/** Requires the stages of the recipe's smoke prompts and tasks, without which a release would be untested. */
function requireStages({ stages, origins, locate, ...settings }: Settings): void {
  if (!stages.includes("package")) return;
  for (const [key, stage, what] of [
    ["smoke", "smoke", "smoke prompts"],
    ["tasks", "validate", "tasks"],
  ] as const) {
    if (origins[key] !== "recipe" || settings[key].length === 0 || stages.includes(stage)) continue;
    throw new QuantsmithError(
      "QS-RECIPE-INVALID",
      `the pipeline lacks the stage \`${stage}\`, which the recipe's ${what} need`,
      {
        remedy: `Add \`${stage}\` to the pipeline's stages, or remove \`${key}\`.`,
        at: locate([key]),
      },
    );
  }
}

/** Requires the stages that measure, since gates without measurements would seem to pass. */
function requireMeasured(settings: Settings, facts: PlanFacts): void {
  const { stages, origins, smoke, locate } = settings;
  if (!stages.includes("package")) return;
  const gates = Object.keys(origins).filter((key) => key.startsWith("gates.") && origins[key] === "recipe");
  const ofSmoke = (key: string) => smokeFigures.some((figure) => key === `gates.${figure}`);
  const fail = (missing: string, remedy: string, key: string) =>
    new QuantsmithError("QS-RECIPE-INVALID", `the ${missing}, which the recipe's gates need`, {
      remedy,
      at: locate(key.split(".")),
    });
  if (gates.some((key) => !ofSmoke(key)) && !stages.includes("validate")) {
    const remedy = "Add `validate` to the pipeline's stages, or remove `gates`.";
    throw fail("pipeline lacks the stage `validate`", remedy, "gates");
  }
  const limited = gates.find(ofSmoke);
  if (limited === undefined) return;
  if (generatesText(settings, facts)) {
    const remedy = `Remove \`${limited}\`: only embedding models and rerankers have vectors to compare.`;
    throw fail("model generates text instead of the vectors", remedy, limited);
  }
  if (stages.includes("smoke") && smoke.length > 0) return;
  const remedy = `Add a prompt to \`smoke\`, and \`smoke\` to the pipeline's stages, or remove \`${limited}\`.`;
  throw fail("run has no smoke test", remedy, limited);
}

/**
 * Requires different texts, since metrics on a text that chose the quantization are biased. Compares content, not
 * names.
 */
function requireDisjointTexts(settings: Settings, facts: PlanFacts): void {
  const owner = new Map<string, string>();
  for (const kind of corpusKinds) {
    for (const source of settings[kind].corpus) {
      const path = localFile(source, kind, settings);
      const digest = path === undefined ? undefined : facts.texts.get(path);
      if (digest === undefined) continue;
      const other = owner.get(digest);
      if (other !== undefined && other !== kind) {
        throw new QuantsmithError("QS-TEXT-OVERLAP", `${kind} and ${other} use the same text`, {
          remedy:
            "Set different texts for `calibration`, `search` and `evaluation`; metrics on a reused text are biased.",
          at: settings.locate([kind, "corpus"]),
        });
      }
      owner.set(digest, kind);
    }
  }
}
