import type { JsonObject } from "../../util/canonical-json.js";
import { listMember, objectMember, objects } from "./tokenizer-files.js";
import type { VocabularyEntries } from "./vocabulary-entries.js";
import { brokenTokenizer } from "./vocabulary-errors.js";

const file = "tokenizer.json";
const deepest = 32;

/** Adds the flags for lower-casing and accent stripping of tokenizer.json's normalizer. Throws QS-CONVERT-TOKENIZER. */
export function addNormalizerFlags(entries: VocabularyEntries, tokenizer: JsonObject | undefined): void {
  const found = new Map<"lowercase" | "strip_accents", boolean>();
  const normalizer = tokenizer && objectMember(tokenizer, "normalizer", file);
  if (normalizer !== undefined) collect(normalizer, found, 0);
  for (const flag of ["lowercase", "strip_accents"] as const) {
    const value = found.get(flag);
    if (value !== undefined) entries.flag(`tokenizer.ggml.normalizer.${flag}`, value);
  }
}

function collect(step: JsonObject, found: Map<"lowercase" | "strip_accents", boolean>, depth: number): void {
  if (depth > deepest) throw brokenTokenizer(file, `its normalizers are nested more than ${deepest} deep`);
  if (step.type === "Lowercase") found.set("lowercase", true);
  else if (step.type === "StripAccents") found.set("strip_accents", true);
  else if (step.type === "BertNormalizer") {
    for (const flag of ["lowercase", "strip_accents"] as const) {
      const value = step[flag];
      if (typeof value === "boolean") found.set(flag, value);
    }
  } else if (step.type === "Sequence") {
    const steps = listMember(step, "normalizers", file) ?? [];
    for (const each of objects(steps, "normalizer.normalizers", file)) collect(each, found, depth + 1);
  }
}
