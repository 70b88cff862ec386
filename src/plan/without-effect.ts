import type { Settings } from "../recipe/settings.js";
import type { Warning } from "../util/warnings.js";
import { projectorsOf } from "./convert-steps.js";
import type { PlanFacts } from "./facts.js";

const code = "QW-SETTING-UNUSED";

/** Returns the recipe's settings that have no effect on this model. */
export function unusedSettings(settings: Settings, facts: PlanFacts): Warning[] {
  const { convert, origins, locate, variants } = settings;
  const warnings: Warning[] = [];
  const isKnown = facts.model.config !== null || facts.model.gguf !== undefined;
  const isGiven = origins["convert.mmproj"] === "recipe" && convert.mmproj.length > 0;
  if (isKnown && isGiven && projectorsOf(settings, facts).length === 0) {
    warnings.push({
      code,
      message: "`mmproj` has no effect: the model has no vision or audio part",
      remedy: "Remove it from `convert`.",
      at: locate(["convert", "mmproj"]),
    });
  }
  for (const { name, path, allowRequantize } of hasQuantized(facts) ? [] : variants) {
    if (!allowRequantize) continue;
    warnings.push({
      code,
      message: `${name}: \`allowRequantize\` has no effect: no tensor of the source is quantized`,
      remedy: "Remove it from the variant.",
      at: locate([...path, "allowRequantize"]),
    });
  }
  return warnings;
}

/** Returns the settings without `allowRequantize` where it has no effect, so that it changes no key. */
export function withEffect(settings: Settings, facts: PlanFacts): Settings {
  if (hasQuantized(facts)) return settings;
  return { ...settings, variants: settings.variants.map((variant) => ({ ...variant, allowRequantize: false })) };
}

/** Whether the converted base may have quantized tensors; unknown before a download of pickle files. */
function hasQuantized({ model: { kept, outline, gguf } }: PlanFacts): boolean {
  return kept !== undefined || (outline === undefined && gguf === undefined);
}
