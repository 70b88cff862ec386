import { quote } from "../util/quote.js";
import type { Warning } from "../util/warnings.js";

/** Warns if the Hub leads from a source's repository to another one, which can be anybody's. Pure. */
export function movedWarnings(repo: string, movedTo: string | undefined): Warning[] {
  return movedTo === undefined ? [] : [warning(`hf:${repo}`, movedTo, "the model is", "`model.source`")];
}

/** Warns of each data set that the Hub leads to another repository, by its name. Pure. */
export function movedDataSets(moved: ReadonlyMap<string, string>): Warning[] {
  return [...moved].map(([name, movedTo]) =>
    warning(`the data set hf:${name}`, movedTo, "its texts are", "the data set's name"),
  );
}

function warning(from: string, movedTo: string, what: string, setting: string): Warning {
  return {
    code: "QW-SOURCE-MOVED",
    message: `the Hub leads from ${from} to another repository, ${quote(movedTo)}; ${what} from there`,
    remedy: `Check who owns it, and change ${setting} in the recipe.`,
  };
}
