import { stat } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { parseBaseCard } from "../../checkpoint/base-card.js";
import { readPooling } from "../../checkpoint/outline/details.js";
import { type OpenCheckpoint, openFolder, openHub } from "../../checkpoint/outline/open-checkpoint.js";
import { maxConfigBytes } from "../../checkpoint/read-config.js";
import { formatHubRef, parseHubGgufRef, parseHubName } from "../../hub/hub-ref.js";
import { describeToolchain } from "../../llamacpp/toolchain/toolchain.js";
import { isPlainPath } from "../../recipe/corpus-schema.js";
import { isGgufSource } from "../../recipe/model-source.js";
import { converterRules } from "../../stages/convert/converter-rules.js";
import { requireArchitecture } from "../../stages/convert/require-architecture.js";
import { requireQuantization } from "../../stages/convert/require-quantization.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { type ModelOutline, outlineModel } from "./model-outline.js";
import { readHubGguf, readLocalGguf } from "./read-gguf-model.js";

/** Files that may contain a chat template; the largest published ones have about ten megabytes. */
const templateFiles = ["tokenizer_config.json", "chat_template.jinja", "chat_template.json"];
const maxTemplateBytes = 32 * 2 ** 20;

/**
 * Reads the outline of a model: `[hf:]org/name[@revision]` on the Hub, or a folder, whose path in the recipe is relative
 * to `recipeFolder`. Downloads only small files and headers. Errors: QS-USAGE, QS-FETCH-*, QS-HUB-*,
 * QS-CONVERT-ARCHITECTURE and QS-CONVERT-QUANTIZED for a model that cannot be converted.
 */
export async function readModel(what: string, recipeFolder: string): Promise<ModelOutline> {
  const found = what.startsWith("hf:") ? undefined : await stat(what).catch(() => undefined);
  if (found?.isDirectory()) return outline(await openFolder(what), recipeSource(what, recipeFolder));
  if (found?.isFile() && isGgufSource(what)) return readLocalGguf(what, recipeSource(what, recipeFolder));
  const named = what.startsWith("hf:") ? what : `hf:${what}`;
  const file = parseHubGgufRef(named);
  if (file !== undefined) return readHubGguf({ revision: "main", ...file, file: file.path }, named);
  const ref = parseHubName(what);
  if (ref !== undefined) return outline(await openHub(ref.repo, ref.revision ?? "main"), formatHubRef(ref));
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

async function outline(checkpoint: OpenCheckpoint, source: string): Promise<ModelOutline> {
  await requireConvertible(checkpoint);
  const { architecture, parameters, format, baseBytes, kept } = checkpoint.outline;
  const texts = [];
  for (const name of templateFiles) {
    const content = await checkpoint.read(name, maxTemplateBytes);
    if (content !== undefined) texts.push(`${name}\n${content.toString("utf8")}`);
  }
  const pooling = await readPooling(architecture, checkpoint.read);
  return {
    ...{ source, architecture, parameters, weightBytes: checkpoint.weightBytes },
    ...(pooling === null ? {} : { pooling }),
    ...(format?.isQuantized && !format.isStale ? { quantized: { label: format.label, baseBytes } } : {}),
    ...(kept === null ? {} : { kept }),
    ...outlineModel(checkpoint.config, texts.join("\n")),
  };
}

/** Throws QS-CONVERT-ARCHITECTURE and -QUANTIZED for a checkpoint that llama.cpp's converter cannot read. */
async function requireConvertible({ config, outline, read }: OpenCheckpoint): Promise<void> {
  const rules = await converterRules(await describeToolchain());
  requireArchitecture("model", config, rules.architectures);
  const { architecture, format } = outline;
  const card = format?.isQuantized ? await read("README.md", maxConfigBytes) : undefined;
  const { baseModels } = parseBaseCard(card?.toString("utf8") ?? "");
  requireQuantization({ config, architecture, format, baseModels }, rules.quantization);
}
