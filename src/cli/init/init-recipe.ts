import { dirname, resolve } from "node:path";
import { loadCatalog } from "../../recipe/catalog/load-catalog.js";
import { defaultModelName } from "../../recipe/model-source.js";
import { print } from "../print.js";
import { draftRecipe } from "./draft-recipe.js";
import { readModel } from "./read-model.js";
import { writeNewFile } from "./write-new-file.js";

export interface InitRecipeOptions {
  out?: string;
  force?: boolean;
}

/** `quantsmith init <model>`: writes a draft recipe. Errors: QS-INIT-EXISTS, QS-USAGE, QS-FETCH-*, QS-HUB-*. */
export async function initRecipe(what: string, { out, force = false }: InitRecipeOptions): Promise<void> {
  const folder = out === undefined ? process.cwd() : dirname(resolve(out));
  const model = await readModel(what, folder);
  const name = defaultModelName(model.source, folder) ?? "model";
  const file = out ?? `${name.toLowerCase()}.yaml`;
  const text = draftRecipe(model, await loadCatalog(), folder);
  const outcome = await writeNewFile(file, text, { force, mayReplace: () => false });
  const next = `Review it, then run: quantsmith plan ${file}`;
  print(outcome === "written" ? `Wrote ${file}. ${next}` : `${file} is up to date`);
}
