import { quote } from "../util/quote.js";
import type { Warning } from "../util/warnings.js";

/** Warns if the Hub leads from a source's repository to another one, which can be anybody's. Pure. */
export function movedWarnings(repo: string, movedTo: string | undefined): Warning[] {
  if (movedTo === undefined) return [];
  return [
    {
      code: "QW-SOURCE-MOVED",
      message: `the Hub leads from hf:${repo} to another repository, ${quote(movedTo)}; the model is from there`,
      remedy: "Check who owns it, and set `model.source` in the recipe to its name.",
    },
  ];
}
