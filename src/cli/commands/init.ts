import { QuantsmithError } from "../../util/errors.js";
import { type InitCiOptions, initCi } from "../init/init-ci.js";
import { type InitRecipeOptions, initRecipe } from "../init/init-recipe.js";

export type InitOptions = InitCiOptions & InitRecipeOptions;

/** `quantsmith init ci` and `quantsmith init <model>`: writes a workflow or a recipe. */
export async function init(what: string, options: InitOptions): Promise<void> {
  if (what === "ci") {
    if (options.out !== undefined) throw misplaced("--out", "init <model>");
    return initCi(options);
  }
  if (options.install !== undefined) throw misplaced("--install", "init ci");
  if (options.watch !== undefined) throw misplaced("--watch", "init ci");
  if (options.queue !== undefined) throw misplaced("--queue", "init ci --watch");
  const { tryQuestions } = await import("../init/try-questions.js");
  return initRecipe(what, options, tryQuestions);
}

function misplaced(option: string, command: string): QuantsmithError {
  return new QuantsmithError("QS-USAGE", `${option} is an option of \`quantsmith ${command}\``, {
    remedy: `Remove \`${option}\`.`,
  });
}
