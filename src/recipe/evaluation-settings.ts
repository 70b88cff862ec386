import { basename, resolve } from "node:path";
import { defaultCategories } from "./default-categories.js";
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
  const text = Array.isArray(recipe) ? undefined : recipe;
  const chunks = pick("evaluation.chunks", text?.chunks, pipeline?.chunks, 80);
  const context = pick("evaluation.context", text?.context, pipeline?.context, 512);
  const given = Array.isArray(recipe) ? recipe : text?.corpus;
  const corpus = pick("evaluation.corpus", given, undefined, "default");
  const named = Array.isArray(recipe) ? recipe : corpus === "default" ? defaultCategories : [];
  const texts = named.length > 0 ? named : [{ name: undefined, corpus: text?.corpus ?? [] }];
  const corpora = texts.map(({ name, corpus }) => [corpus].flat().flatMap((entry) => sourcesOf(entry, name, folder)));
  const categories = named.map((category, index): EvaluationCategory => {
    const first = corpora.slice(0, index).flat().length;
    const share = Math.ceil(chunks / named.length);
    const { name, chunks: own = share, context: tokens = context } = category;
    return { name, first, texts: corpora[index]?.length ?? 0, chunks: own, context: tokens };
  });
  return { corpus: corpora.flat(), categories, chunks, context };
}

/** Returns the sources of an entry. `default` is the bundled text of the category's name, else those of all names. */
function sourcesOf(entry: string, name: string | undefined, folder: string): CorpusSource[] {
  if (entry !== "default") return [corpusEntry(entry, folder)];
  const own = defaultCategories.filter((category) => category.name === name);
  return (own.length > 0 ? own : defaultCategories).map((category) => ({ kind: "default", category: category.name }));
}

/** Returns the source of a corpus entry that the schema accepts; `folder` is the recipe's. */
export function corpusEntry(entry: string, folder: string): CorpusSource {
  return entry === "default" || entry === "self" ? { kind: entry } : fileEntry(entry, folder);
}

/** Returns the source of a file that a recipe names; `folder` is the recipe's. */
export function fileEntry(entry: string, folder: string): Extract<CorpusSource, { kind: "file" | "hub" }> {
  const file = parseHubText(entry);
  if (file !== undefined) return { kind: "hub", ...file };
  return { kind: "file", path: resolve(folder, entry), name: basename(entry) };
}
