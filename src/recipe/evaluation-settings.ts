import { basename, resolve } from "node:path";
import { parseHubText } from "./parse-hub-text.js";
import type { Pipeline } from "./pipeline-schema.js";
import type { Recipe } from "./schema.js";
import type { CorpusSource, EvaluationCategory, PickSetting, Settings } from "./settings-types.js";

/** Merges the recipe's evaluation over the pipeline's. Categories without a number of chunks share the evaluation's. */
export function evaluationSettings(
  recipe: Recipe["evaluation"],
  pipeline: Pipeline["evaluation"],
  folder: string,
  pick: PickSetting,
): Settings["evaluation"] {
  const named = Array.isArray(recipe) ? recipe : [];
  const text = Array.isArray(recipe) ? undefined : recipe;
  const chunks = pick("evaluation.chunks", text?.chunks, pipeline?.chunks, 80);
  const context = pick("evaluation.context", text?.context, pipeline?.context, 512);
  if (named.length > 0) pick("evaluation.categories", named, undefined, []);
  const texts = named.length > 0 ? named : [{ corpus: pick("evaluation.corpus", text?.corpus, undefined, "default") }];
  const corpora = texts.map((text) => [text.corpus].flat().map((entry) => corpusEntry(entry, folder)));
  const categories = named.map((category, index): EvaluationCategory => {
    const first = corpora.slice(0, index).flat().length;
    const share = Math.ceil(chunks / named.length);
    const { name, chunks: own = share, context: tokens = context } = category;
    return { name, first, texts: corpora[index]?.length ?? 0, chunks: own, context: tokens };
  });
  return { corpus: corpora.flat(), categories, chunks, context };
}

/** Returns the source of a corpus entry that the schema accepts; `folder` is the recipe's. */
export function corpusEntry(entry: string, folder: string): CorpusSource {
  if (entry === "default" || entry === "self") return { kind: entry };
  const file = parseHubText(entry);
  if (file !== undefined) return { kind: "hub", ...file };
  return { kind: "file", path: resolve(folder, entry), name: basename(entry) };
}
