import { isPrivate } from "../../checkpoint/private-metadata.js";
import type { MetadataParams } from "../../converter/general/converter-card.js";
import type { Gguf, GgufValue } from "../../gguf/gguf.js";

/** Keys of llama-quantize about another imatrix, and of llama-gguf-split. */
const foreignKeys = /^(quantize|split)\./;

/**
 * Returns the metadata of a GGUF source as the base's: without the keys of former tools and those of `privateKeys`, and with
 * those that the recipe sets. Returns the same entries in the same order if there is nothing to change.
 */
export function adoptedMetadata(source: Gguf["metadata"], recipe: MetadataParams): Map<string, GgufValue> {
  const omitted = new Set(privateKeys(source));
  const metadata = new Map([...source].filter(([key]) => !foreignKeys.test(key) && !omitted.has(key)));
  // A licence in the recipe also replaces the name and the link of the former one, as on the model card.
  if (recipe.license !== undefined) for (const key of ["name", "link"]) metadata.delete(`general.license.${key}`);
  const texts = {
    "general.license": recipe.license,
    "general.license.name": recipe.licenseName,
    "general.license.link": recipe.licenseLink,
    "general.quantized_by": recipe.quantizedBy,
    "general.repo_url": recipe.repoUrl,
  };
  for (const [key, value] of Object.entries(texts))
    if (value !== undefined) metadata.set(key, { type: "string", value });
  if (recipe.languages !== undefined)
    metadata.set("general.languages", { type: "array", itemType: "string", items: recipe.languages });
  return metadata;
}

/**
 * Returns the keys of a GGUF source, besides those of its tokenizer and of former tools, with a private text, and those of
 * the same base model or data set: llama.cpp's converter derives its name and organization from a path, too.
 */
export function privateKeys(source: Gguf["metadata"]): string[] {
  const own = [...source].filter(([key]) => !foreignKeys.test(key) && !key.startsWith("tokenizer."));
  const hidden = new Set(own.flatMap(([key, entry]) => (hasPrivateText(entry) ? [groupOf(key)] : [])));
  return own.flatMap(([key]) => (hidden.has(groupOf(key)) ? [key] : []));
}

function hasPrivateText(entry: GgufValue): boolean {
  const values = entry.type === "array" ? entry.items : [entry.value];
  return values.some((text) => typeof text === "string" && isPrivate(text));
}

/** Returns the base model or data set that a key describes; the key itself for any other. */
function groupOf(key: string): string {
  return /^general\.(?:base_model|dataset)\.\d+\./.exec(key)?.[0] ?? key;
}
