import type { DynamicVariant, Settings } from "../recipe/settings.js";
import { QuantsmithError, type SourceLocation } from "../util/errors.js";
import { corpusFiles } from "./corpus-files.js";
import type { PlanFacts } from "./facts.js";

/** Throws QS-NOT-YET or QS-TEXT-OVERLAP for what cannot be planned, at its place in the recipe. */
export function requireSupported(settings: Settings, facts: PlanFacts): void {
  const { locate } = settings;
  for (const variant of settings.variants) {
    if (variant.kind === "dynamic") requireAllocatable(variant, settings);
  }
  if (settings.convert.pretokenizer !== "auto") {
    notYet("override the pre-tokenizer", "Leave `pretokenizer: auto`.", locate(["convert", "pretokenizer"]));
  }
  if (settings.calibration.chatTemplate) {
    notYet(
      "calibrate through the chat template",
      "Leave `chatTemplate: false`.",
      locate(["calibration", "chatTemplate"]),
    );
  }
  for (const kind of ["calibration", "search", "evaluation"] as const) {
    for (const [index, source] of settings[kind].corpus.entries()) {
      if (source.kind === "file" || source.kind === "default") continue;
      const what = source.kind === "self" ? "sample a text from the model" : "take a corpus from the Hub";
      notYet(what, "Name a local text file or `default`.", locate([kind, "corpus", index]));
    }
  }
  requireDisjointTexts(settings, facts);
}

function requireAllocatable({ name, path, dynamic }: DynamicVariant, { stages, locate }: Settings): void {
  if (dynamic.budget.kind === "device") {
    const remedy = "Give it `sizeOf`, `bitsPerWeight` or `bytes` instead.";
    notYet(`fit the variant ${name} to a device`, remedy, locate([...path, "dynamic", "device"]));
  }
  if (stages.includes("allocate") || !stages.includes("quantize")) return;
  throw new QuantsmithError("QS-RECIPE-INVALID", `the pipeline leaves out \`allocate\`, which ${name} needs`, {
    remedy: "Add `allocate` to the pipeline's stages, or give the variant a preset.",
    at: locate([...path, "dynamic"]),
  });
}

/** Figures measured on a text that chose the quantization would flatter; equal content counts, whatever the name. */
function requireDisjointTexts(settings: Settings, facts: PlanFacts): void {
  const owner = new Map<string, string>();
  for (const kind of ["calibration", "search", "evaluation"] as const) {
    for (const path of corpusFiles(settings[kind].corpus, kind)) {
      const digest = facts.texts.get(path) ?? path;
      const other = owner.get(digest);
      if (other !== undefined && other !== kind) {
        throw new QuantsmithError("QS-TEXT-OVERLAP", `${kind} and ${other} use the same text`, {
          remedy: "Give calibration, search and evaluation different texts; a figure on a text already used flatters.",
          at: settings.locate([kind, "corpus"]),
        });
      }
      owner.set(digest, kind);
    }
  }
}

function notYet(what: string, remedy: string, at: SourceLocation): never {
  throw new QuantsmithError("QS-NOT-YET", `this version of quantsmith cannot ${what} yet`, { remedy, at });
}
