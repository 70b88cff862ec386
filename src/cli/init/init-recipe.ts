import { dirname, resolve } from "node:path";
import { loadCatalog } from "../../recipe/catalog/load-catalog.js";
import { defaultModelName } from "../../recipe/model-source.js";
import { formatBytes } from "../../util/bytes.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { print } from "../print.js";
import { licenseWords, type PinnedTexts, pinDataSets } from "./data-sets.js";
import { draftRecipe } from "./draft-recipe.js";
import type { ModelOutline } from "./model-outline.js";
import { readModel } from "./read-model.js";
import type { Trial } from "./try-questions.js";
import { writeNewFile } from "./write-new-file.js";

export interface InitRecipeOptions {
  out?: string;
  force?: boolean;
}

/**
 * `quantsmith init <model>`: writes a draft recipe, and tries its questions on the base. Errors: QS-INIT-EXISTS, QS-USAGE, QS-FETCH-*, QS-HUB-*.
 */
export async function initRecipe(
  what: string,
  { out, force = false }: InitRecipeOptions,
  tryQuestions?: (recipe: string, model: ModelOutline) => Promise<Trial>,
): Promise<void> {
  const folder = out === undefined ? process.cwd() : dirname(resolve(out));
  const model = await readModel(what, folder);
  const name = defaultModelName(model.source, folder) ?? "model";
  const file = out ?? `${name.toLowerCase()}.yaml`;
  const catalog = await loadCatalog();
  const pinned = model.source.startsWith("hf:") ? await pinDataSets() : { texts: [] };
  const text = draftRecipe(model, catalog, folder, pinned.texts);
  const outcome = await writeNewFile(file, text, { force, mayReplace: () => false });
  if (outcome === "written" && tryQuestions !== undefined) {
    const trial = await tryQuestions(file, model);
    const failing = "failing" in trial ? trial.failing : new Set<string>();
    const answered = draftRecipe(model, catalog, folder, pinned.texts, failing);
    print(describeTrial(trial, await replaceDraft(file, text, answered)));
  }
  if (outcome === "written") print(describeDownloads(model, pinned));
  const next = `Review it, then run: quantsmith plan ${file}`;
  print(outcome === "written" ? `Wrote ${file}. ${next}` : `${file} is up to date`);
}

/** Says what a run will download, and why texts are bundled ones; empty for a local model. */
function describeDownloads({ source, weightBytes }: ModelOutline, { texts, problem }: PinnedTexts): string[] {
  if (!source.startsWith("hf:")) return [];
  return [
    `A run downloads the weights (${formatBytes(weightBytes)})${texts.length === 0 ? "." : " and these texts:"}`,
    ...texts.map(
      ({ about, dataset, bytes, license }) => `  ${dataset}, ${formatBytes(bytes)}, ${licenseWords(license)}: ${about}`,
    ),
    ...(problem === undefined
      ? []
      : [`Texts that were not found are left out; without any, the bundled ones are drafted: ${problem}.`]),
  ];
}

/** Replaces a draft by another one; returns false if the file was edited meanwhile. */
async function replaceDraft(file: string, draft: string, next: string): Promise<boolean> {
  try {
    await writeNewFile(file, next, { force: false, mayReplace: (present) => present === draft });
    return true;
  } catch (error) {
    if (error instanceof QuantsmithError && error.code === "QS-INIT-EXISTS") return false;
    throw error;
  }
}

function describeTrial(trial: Trial, isReplaced: boolean): string {
  if ("why" in trial) return `The smoke questions were not tried on the base: ${trial.why}.`;
  const { asked, failing } = trial;
  const answered = `The base answers ${asked - failing.size} of ${asked} drafted smoke questions`;
  if (failing.size === 0) return `${answered}.`;
  if (isReplaced) return `${answered}; the others are comments in the recipe.`;
  return `${answered}. The recipe was edited meanwhile and stays as it is; remove the others: ${[...failing].map(quote).join(", ")}.`;
}
