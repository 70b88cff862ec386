import { readFile, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { checkSnapshot } from "../../checkpoint/check-snapshot.js";
import { defaultFileSelection } from "../../checkpoint/file-selection.js";
import { maxConfigBytes, parseConfig } from "../../checkpoint/read-config.js";
import { selectHubFiles } from "../../checkpoint/select-hub-files.js";
import { maxIndexBytes } from "../../checkpoint/weight-index.js";
import { hubConnection } from "../../hub/connection.js";
import { formatHubRef, type HubRef, parseHubGgufRef, parseHubName } from "../../hub/hub-ref.js";
import { listModel } from "../../hub/list-model.js";
import { readHubFile } from "../../hub/read-file.js";
import { isPlainPath } from "../../recipe/corpus-schema.js";
import { isGgufSource } from "../../recipe/model-source.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { bytesPerWeight, type ModelOutline, outlineModel } from "./model-outline.js";
import { readHubGguf, readLocalGguf } from "./read-gguf-model.js";

/** Files that may contain a chat template; the largest published ones have about ten megabytes. */
const templateFiles = ["tokenizer_config.json", "chat_template.jinja", "chat_template.json"];
const maxTemplateBytes = 32 * 2 ** 20;

/**
 * Reads the outline of a model: `[hf:]org/name[@revision]` on the Hub, or a folder, whose path in the recipe is relative
 * to `recipeFolder`. Downloads only small files. Errors: QS-USAGE, QS-FETCH-*, QS-HUB-*.
 */
export async function readModel(what: string, recipeFolder: string): Promise<ModelOutline> {
  const found = what.startsWith("hf:") ? undefined : await stat(what).catch(() => undefined);
  if (found?.isDirectory()) return localModel(what, recipeFolder);
  if (found?.isFile() && isGgufSource(what)) return readLocalGguf(what, recipeSource(what, recipeFolder));
  const named = what.startsWith("hf:") ? what : `hf:${what}`;
  const file = parseHubGgufRef(named);
  if (file !== undefined) return readHubGguf({ revision: "main", ...file, file: file.path }, named);
  const ref = parseHubName(what);
  if (ref !== undefined) return hubModel(ref);
  throw new QuantsmithError("QS-USAGE", `${quote(what)} is neither a folder nor a repository on the Hub`, {
    remedy: "Write `hf:org/name`, `hf:org/name@revision` or the path of a checkpoint folder, or `ci` for the workflow.",
  });
}

/** A local path as a recipe in `recipeFolder` names it. Errors: QS-USAGE. */
function recipeSource(local: string, recipeFolder: string): string {
  const path = relative(recipeFolder, resolve(local)).replaceAll("\\", "/");
  const source = /^\.\.?\//.test(path) ? path : `./${path}`;
  if (!isPlainPath(source)) {
    throw new QuantsmithError("QS-USAGE", `the folder's path ${quote(source)} contains a control character`, {
      remedy: "Rename the folder.",
    });
  }
  return source;
}

async function localModel(folder: string, recipeFolder: string): Promise<ModelOutline> {
  const source = recipeSource(folder, recipeFolder);
  const { config, architecture, parameters, tensorBytes, files } = await checkSnapshot(folder, defaultFileSelection);
  const present = templateFiles.filter((name) => files.some(({ path }) => path === name));
  const texts = await Promise.all(
    present.map(async (name) => `${name}\n${await readFile(join(folder, name), "utf8")}`),
  );
  return { source, architecture, parameters, weightBytes: tensorBytes, ...outlineModel(config, texts.join("\n")) };
}

async function hubModel(ref: HubRef): Promise<ModelOutline> {
  const connection = hubConnection();
  const { repo, revision = "main" } = ref;
  const { commit, files: listing } = await listModel(connection, repo, revision);
  const read = (file: (typeof listing)[number], maxBytes: number) =>
    readHubFile(connection, { repo, commit, file, maxBytes });
  const { files, weights } = await selectHubFiles(`hf:${repo}`, listing, defaultFileSelection, (file) =>
    read(file, maxIndexBytes),
  );
  const configFile = files.find(({ path }) => path === "config.json");
  if (configFile === undefined) {
    throw new QuantsmithError("QS-FETCH-NO-CONFIG", `hf:${repo} does not contain config.json`, {
      remedy: "Name the model's original repository, or a 16-bit GGUF file: `hf:org/name/file.gguf`.",
    });
  }
  const { config, architecture } = parseConfig(`hf:${repo}/config.json`, await read(configFile, maxConfigBytes));
  const texts = [];
  for (const file of files.filter(({ path }) => templateFiles.includes(path))) {
    texts.push(`${file.path}\n${(await read(file, maxTemplateBytes)).toString("utf8")}`);
  }
  const weightBytes = weights.reduce((sum, { bytes }) => sum + bytes, 0);
  const parameters = weightBytes / bytesPerWeight(config);
  const outline = outlineModel(config, texts.join("\n"));
  return { source: formatHubRef(ref), architecture, parameters, weightBytes, ...outline };
}
