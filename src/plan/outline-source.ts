import { join } from "node:path";
import type { Settings } from "../recipe/settings.js";
import { isGptOss } from "../stages/convert/outline-gpt-oss.js";
import type { foreseeVariant } from "../stages/quantize/foresee-variant.js";
import { convertEngine } from "./convert-steps.js";
import type { PlanFacts } from "./facts.js";
import { predictBytes } from "./predict-bytes.js";

/** Returns the model's local files, from which the base's tensors are known before the conversion. */
export function outlineSource(settings: Settings, facts: PlanFacts): Parameters<typeof foreseeVariant>[1] | undefined {
  const { source, config, gguf } = facts.model;
  if (source.kind !== "local") return undefined;
  const [file, ...others] = gguf ?? [];
  if (file !== undefined) return others.length === 0 ? { file: join(source.folder, file) } : undefined;
  if (config === null) return undefined;
  if (convertEngine(settings, facts).engine !== "native" && !isGptOss(config)) return undefined;
  const { outtype } = settings.convert;
  return { folder: source.folder, config, outtype, vocabularyBytes: predictBytes.vocabulary(facts.model) };
}
