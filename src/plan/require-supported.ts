import type { DynamicVariant, Settings } from "../recipe/settings.js";
import { QuantsmithError } from "../util/errors.js";
import { corpusKinds, localFile } from "./corpus-files.js";
import type { PlanFacts } from "./facts.js";

/** Throws QS-RECIPE-INVALID or QS-TEXT-OVERLAP for a recipe that cannot be planned, at its location in the recipe. */
export function requireSupported(settings: Settings, facts: PlanFacts): void {
  for (const variant of settings.variants) {
    if (variant.kind === "dynamic") requireAllocatable(variant, settings);
  }
  requireMeasured(settings);
  requireDisjointTexts(settings, facts);
}

function requireAllocatable({ name, path }: DynamicVariant, { stages, locate }: Settings): void {
  if (stages.includes("allocate") || !stages.includes("quantize")) return;
  throw new QuantsmithError("QS-RECIPE-INVALID", `the pipeline leaves out \`allocate\`, which ${name} needs`, {
    remedy: "Add `allocate` to the pipeline's stages, or give the variant a preset.",
    at: locate([...path, "dynamic"]),
  });
}

/** Requires the stage that measures, since gates without measurements would seem to pass. */
function requireMeasured({ stages, origins, locate }: Settings): void {
  const limited = Object.keys(origins).find((key) => key.startsWith("gates.") && origins[key] === "recipe");
  if (limited === undefined || stages.includes("validate") || !stages.includes("package")) return;
  throw new QuantsmithError("QS-RECIPE-INVALID", "the pipeline leaves out `validate`, which the recipe's gates need", {
    remedy: "Add `validate` to the pipeline's stages, or remove `gates`.",
    at: locate(["gates"]),
  });
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
