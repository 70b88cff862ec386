import {
  isPrivate,
  isPrivateLabel,
  isPrivateLink,
  isPrivateOrigin,
  isPrivateTag,
} from "../../checkpoint/private-metadata.js";
import { isVocabularyText } from "../../checkpoint/vocabulary-texts.js";
import type { MetadataParams } from "../../converter/general/converter-card.js";
import type { Gguf, GgufScalarType, GgufValue } from "../../gguf/gguf.js";
import { metadataString } from "../../gguf/metadata.js";

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
 * Returns the keys of a GGUF source, besides those of its vocabulary and of former tools, with a private text in their value
 * or name, and those of the same base model or data set: llama.cpp's converter derives its name and organization from a path,
 * too.
 */
export function privateKeys(source: Gguf["metadata"]): string[] {
  const own = [...source].filter(([key]) => !foreignKeys.test(key));
  const isHidden = ([key, entry]: [string, GgufValue]) =>
    isPrivateName(key) || (!isVocabularyText(key) && textsOf(source, key, entry).some(checkOf(source, key)));
  const hidden = new Set(own.filter(isHidden).map(([key]) => groupOf(key)));
  return own.flatMap(([key]) => (hidden.has(groupOf(key)) ? [key] : []));
}

/** Returns how a message names the keys of `privateKeys`. */
export function shownKeys(keys: readonly string[]): string[] {
  return [...new Set(keys.map((key) => (isPrivateName(key) ? "[private name of a key]" : key)))];
}

/** Returns the check of a key's texts. */
function checkOf(source: Gguf["metadata"], key: string): (text: string) => boolean {
  if (key === "general.tags") return isPrivateTag;
  if (key === "general.license.link") return isPrivateLink;
  if (key === "general.license.name" || key === "general.languages") return isPrivateLabel;
  if (/^general\.(?:source\.|(?:base_model|dataset)\.\d+\.)?(?:repo_)?url$|^general\.datasets$/.test(key))
    return isPrivateOrigin;
  const group = /^(general\.(?:base_model|dataset)\.\d+\.)name$/.exec(key)?.[1];
  if (group === undefined) return isPrivate;
  // llama.cpp's converter writes what follows `./` as a name, without the organization that `org/name` gets.
  const isWhole = !source.has(`${group}organization`);
  return (text) => isPrivateOrigin(text) || (isWhole && text.includes("/"));
}

const isPrivateName = (key: string) => [key, ...key.split(".")].some(isPrivate);

const byteTypes: readonly GgufScalarType[] = ["uint8", "int8"];

/** Returns the texts of a value; numbers of a list, as Python writes bytes, may be one, too. */
function textsOf(source: Gguf["metadata"], key: string, entry: GgufValue): string[] {
  const values = entry.type === "array" ? entry.items : [entry.value];
  const texts = values.filter((value) => typeof value === "string");
  if (entry.type !== "array" || texts.length > 0 || entry.items.length === 0) return texts;
  const isSizes = key.startsWith(`${metadataString({ metadata: source }, "general.architecture")}.`);
  const numbers = entry.items.map(Number);
  const isBytes =
    byteTypes.includes(entry.itemType) || (!isSizes && numbers.every((number) => number >= 0 && number <= 255));
  return isBytes ? [Buffer.from(numbers).toString()] : [];
}

/** Returns the base model or data set that a key describes; the key itself for any other. */
function groupOf(key: string): string {
  return /^general\.(?:base_model|dataset)\.\d+\./.exec(key)?.[0] ?? key;
}
