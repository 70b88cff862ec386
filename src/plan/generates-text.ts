import type { Settings } from "../recipe/settings.js";
import type { PlanFacts } from "./facts.js";

/** Classes of models that generate text, unless their files say otherwise. */
const textClasses = /For(CausalLM|ConditionalGeneration)$/;

/**
 * Whether the model certainly generates text, so that it has no vectors to compare. Embedding models have a modules.json;
 * llama.cpp's converter knows rerankers of Qwen 3 by their model card, which is recognized here by the name.
 */
export function generatesText({ model: { name } }: Settings, { model }: PlanFacts): boolean {
  const { gguf, kind, config, files } = model;
  if (gguf !== undefined) return kind === "text";
  const [architecture] = Array.isArray(config?.architectures) ? config.architectures : [];
  if (typeof architecture !== "string" || !textClasses.test(architecture)) return false;
  return !files.some(({ path }) => path === "modules.json") && !/rerank/i.test(name);
}
