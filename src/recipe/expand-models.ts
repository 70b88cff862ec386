import { checkFile } from "./check-file.js";
import { modelList } from "./schema.js";
import type { YamlFile } from "./yaml/parse-yaml.js";

/** A recipe of one model, with its places in the file. */
export interface OneModel extends YamlFile {
  /** Whether `models` lists it, so that the model's name is part of the release's. */
  isListed: boolean;
}

/**
 * Returns a recipe with `models` as one recipe for each of them, in their order, and any other recipe as it is. Throws a
 * RecipeError for an invalid list, or one beside `model`.
 */
export function expandModels(yaml: YamlFile): OneModel[] {
  const { data } = yaml;
  if (typeof data !== "object" || data === null || !("models" in data)) return [{ ...yaml, isListed: false }];
  const { models, ...shared } = data;
  const { models: sources } = checkFile({ ...yaml, data: { models } }, modelList, "QS-RECIPE-INVALID", () =>
    "model" in shared ? [both] : [],
  );
  return sources.map((source, index) => ({
    shown: yaml.shown,
    isForeign: yaml.isForeign,
    data: { ...shared, model: { source } },
    place: (path, part) => yaml.place(path[0] === "model" ? ["models", index] : path, part),
    isListed: true,
  }));
}

const both = {
  path: ["model"],
  part: "key" as const,
  message: "a recipe cannot have both `model` and `models`",
  remedy: "Move the model into `models`, or remove one of the two.",
};
