import { quote } from "../util/quote.js";
import { isGgufSource } from "./model-source.js";
import type { Recipe } from "./schema.js";
import type { Problem } from "./yaml/diagnostics.js";

const conversionKeys = ["engine", "outtype", "mtp", "pretokenizer"] as const;
const selectionKeys = ["include", "exclude", "allowUnsafe"] as const;

/** Reports settings of a conversion or of a choice of files for a GGUF source, which they do not affect. */
export function checkGgufSettings({ model, convert }: Partial<Pick<Recipe, "model" | "convert">>): Problem[] {
  if (model === undefined || !isGgufSource(model.source)) return [];
  const converting = conversionKeys.filter((key) => (convert?.[key] ?? "auto") !== "auto");
  const selecting = selectionKeys.filter((key) => model[key] !== undefined && model[key] !== false);
  return [...converting.map((key) => noEffect(["convert", key])), ...selecting.map((key) => noEffect(["model", key]))];
}

function noEffect(path: [string, string]): Problem {
  return {
    path,
    part: "key",
    message: `${quote(path[1])} has no effect on a GGUF source, which is not converted`,
    remedy: `Remove it from \`${path[0]}\`, or use the model's checkpoint as the source.`,
  };
}
