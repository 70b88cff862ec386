import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import type { GgufValue } from "../gguf.js";
import type { ValueTypeName } from "./parse-value.js";

/*
 * Keys of the model itself, `<architecture>.…`, and of its tokenizer. What a program reads the tensors by is left alone:
 * a file in which it does not fit the tensors does not load.
 */

/** Behind `<architecture>.`: counts and sizes, which the tensors have too. `clip.vision.block_count` is one as well. */
const shapeKeys =
  /(^|[._])(block_count|layers|count|count_kv|dim|dimension|sections|size|length|length_mla|length_swa|kernel|rank|l_cache|layer_step|num_inputs)$/;

/** Sizes in name only: limits that a program takes from the header. */
const limitKeys =
  /^(context_length|rope\.scaling\.original_context_length|expert_used_count|attention\.sliding_window)$/;

/** Without these, and without the shape keys, a program does not load the model. */
const neededKeys = /^(context_length|expert_used_count|attention\.(layer|group)_norm(_rms)?_epsilon)$/;

const positiveKeys = /^(context_length|expert_used_count|rope\.freq_base(_swa)?|.*_epsilon)$/;

/** Types by the GGUF specification of the keys that are not shape keys. */
const modelTypes: readonly (readonly [RegExp, ValueTypeName])[] = [
  [limitKeys, "uint32"],
  [
    /^rope\.freq_base(_swa)?$|^rope\.scaling\.(factor|attn_factor|yarn_\w+)$|(_epsilon|_softcapping|_scale)$/,
    "float32",
  ],
  [/^rope\.scaling\.type$/, "string"],
  [/^rope\.scaling\.finetuned$/, "bool"],
];

/** What llama.cpp ends over when it is something else. */
const ropeScalings = ["none", "linear", "yarn", "longrope"];

const vocabularyKeys = /^tokenizer\.ggml\.(tokens|model|merges|scores|token_type)$/;

/** The type that a key of the model must have; undefined where none is known. */
export function modelKeyType(metadata: ReadonlyMap<string, GgufValue>, key: string): ValueTypeName | undefined {
  const name = modelKey(metadata, key);
  return name === undefined ? undefined : modelTypes.find(([pattern]) => pattern.test(name))?.[1];
}

/** Refuses to touch what the tensors rest on, and to remove what a program needs. Errors: QS-EDIT-KEY. */
export function requireFreeOfTensors(
  metadata: ReadonlyMap<string, GgufValue>,
  { kind, key }: { kind: "set" | "remove"; key: string },
): void {
  const name = modelKey(metadata, key) ?? "";
  if (shapeKeys.test(name) && !limitKeys.test(name)) {
    throw new QuantsmithError("QS-EDIT-KEY", `${quote(key)} is what the tensors were made for`, {
      remedy: "Another value needs other tensors: convert the model again to change it.",
    });
  }
  if (kind === "remove" && (neededKeys.test(name) || vocabularyKeys.test(key))) {
    throw new QuantsmithError("QS-EDIT-KEY", `no program loads the model without ${quote(key)}`, {
      remedy: "Set another value with --set instead of removing it.",
    });
  }
}

/** Refuses values with which no program loads the model. Errors: QS-EDIT-VALUE. */
export function requireLoadable(metadata: ReadonlyMap<string, GgufValue>, key: string, value: GgufValue): void {
  const name = modelKey(metadata, key) ?? "";
  if (value.type === "array") {
    const needed = key.startsWith("general.") ? undefined : itemsNeeded(metadata, key);
    if (needed === undefined || needed === value.items.length) return;
    throw refused(key, `needs ${needed} items, not ${value.items.length}`, `Give ${needed} items.`);
  }
  const number = Number(value.value);
  if (positiveKeys.test(name) && !(number > 0)) throw refused(key, "must be above 0", "Give a number above 0.");
  const experts = name === "expert_used_count" ? metadataCount(metadata, key.replace("_used_", "_")) : undefined;
  if (experts !== undefined && number > experts) {
    throw refused(key, `is more than the model's ${experts} experts`, `Give a number from 1 to ${experts}.`);
  }
  if (name === "rope.scaling.type" && !ropeScalings.includes(String(value.value))) {
    throw refused(key, `cannot be ${quote(String(value.value))}`, `Give one of ${ropeScalings.join(", ")}.`);
  }
  const tokens = /^tokenizer\.ggml\.\w+_token_id$/.test(key) ? tokenCount(metadata) : undefined;
  if (tokens !== undefined && number >= tokens) {
    throw refused(key, `is past the last of ${tokens} tokens`, `Give a number from 0 to ${tokens - 1}.`);
  }
}

/** An array keeps its length; a new one of the tokenizer says something about every token. */
function itemsNeeded(metadata: ReadonlyMap<string, GgufValue>, key: string): number | undefined {
  const present = metadata.get(key);
  if (present?.type === "array") return present.items.length;
  return vocabularyKeys.test(key) && !key.endsWith(".merges") ? tokenCount(metadata) : undefined;
}

function tokenCount(metadata: ReadonlyMap<string, GgufValue>): number | undefined {
  const tokens = metadata.get("tokenizer.ggml.tokens");
  return tokens?.type === "array" ? tokens.items.length : undefined;
}

function metadataCount(metadata: ReadonlyMap<string, GgufValue>, key: string): number | undefined {
  const value = metadata.get(key);
  return value === undefined || value.type === "array" ? undefined : Number(value.value);
}

/** What stands behind `<architecture>.`; undefined for all other keys. */
function modelKey(metadata: ReadonlyMap<string, GgufValue>, key: string): string | undefined {
  const architecture = metadata.get("general.architecture");
  if (architecture?.type !== "string") return undefined;
  const start = `${String(architecture.value)}.`;
  return key.startsWith(start) ? key.slice(start.length) : undefined;
}

function refused(key: string, what: string, remedy: string): QuantsmithError {
  return new QuantsmithError("QS-EDIT-VALUE", `${quote(key)} ${what}`, { remedy });
}
