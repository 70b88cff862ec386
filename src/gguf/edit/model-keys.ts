import { presets } from "../../quant/presets.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import type { GgufValue } from "../gguf.js";
import type { ValueTypeName } from "./parse-value.js";

/*
 * Keys of the model, `<architecture>.…`, and of its tokenizer. Keys that describe the tensors cannot be edited: a file
 * whose metadata does not match its tensors fails to load.
 */

/** Counts and sizes after `<architecture>.` that the tensors determine, including `clip.vision.block_count`. */
const shapeKeys =
  /(^|[._])(block_count|layers|count|count_kv|dim|dimension|sections|size|length|length_mla|length_swa|kernel|rank|l_cache|layer_step|num_inputs)$/;

/** Limits that match `shapeKeys` by name but are independent of the tensors. */
const limitKeys =
  /^(context_length|rope\.scaling\.original_context_length|expert_used_count|attention\.sliding_window)$/;

/** Required to load the model, in addition to the shape keys. */
const neededKeys = /^(context_length|expert_used_count|attention\.(layer|group)_norm(_rms)?_epsilon)$/;

const positiveKeys = /^(context_length|expert_used_count|rope\.freq_base(_swa)?|.*_epsilon)$/;

/** Types from the GGUF specification for the keys that are not shape keys. */
const modelTypes: readonly (readonly [RegExp, ValueTypeName])[] = [
  [limitKeys, "uint32"],
  [
    /^rope\.freq_base(_swa)?$|^rope\.scaling\.(factor|attn_factor|yarn_\w+)$|(_epsilon|_softcapping|_scale)$/,
    "float32",
  ],
  [/^rope\.scaling\.type$/, "string"],
  [/^rope\.scaling\.finetuned$/, "bool"],
];

/** llama.cpp aborts on any other value. */
const ropeScalings = ["none", "linear", "yarn", "longrope"];

const vocabularyKeys = /^tokenizer\.ggml\.(tokens|model|merges|scores|token_type)$/;

/** The required type of a model key; undefined if unknown. */
export function modelKeyType(metadata: ReadonlyMap<string, GgufValue>, key: string): ValueTypeName | undefined {
  const name = modelKey(metadata, key);
  return name === undefined ? undefined : modelTypes.find(([pattern]) => pattern.test(name))?.[1];
}

/** Rejects edits of keys that the tensors determine, and removal of required keys. Errors: QS-EDIT-KEY. */
export function requireFreeOfTensors(
  metadata: ReadonlyMap<string, GgufValue>,
  { kind, key }: { kind: "set" | "remove"; key: string },
): void {
  const name = modelKey(metadata, key) ?? "";
  if (shapeKeys.test(name) && !limitKeys.test(name)) {
    throw new QuantsmithError("QS-EDIT-KEY", `${quote(key)} must match the tensors`, {
      remedy: "Convert the model again to change it.",
    });
  }
  if (kind === "remove" && (neededKeys.test(name) || vocabularyKeys.test(key))) {
    throw new QuantsmithError("QS-EDIT-KEY", `the model does not load without ${quote(key)}`, {
      remedy: "Set another value with `--set` instead of removing the key.",
    });
  }
}

/** Rejects values that make the model fail to load. Errors: QS-EDIT-VALUE. */
export function requireLoadable(metadata: ReadonlyMap<string, GgufValue>, key: string, value: GgufValue): void {
  const name = modelKey(metadata, key) ?? "";
  if (value.type === "array") {
    const needed = key.startsWith("general.") ? undefined : itemsNeeded(metadata, key);
    if (needed === undefined || needed === value.items.length) return;
    throw refused(key, `needs ${needed} items, found ${value.items.length}`, `Set ${needed} items.`);
  }
  const number = Number(value.value);
  if (key === "general.file_type" && !presets.some(({ fileType }) => fileType === number)) {
    throw refused(
      key,
      `cannot be ${number}: llama.cpp has no such file type`,
      "Set the number of a preset, such as 15 for Q4_K_M.",
    );
  }
  if (positiveKeys.test(name) && !(number > 0)) throw refused(key, "must be above 0", "Set a number above 0.");
  const experts = name === "expert_used_count" ? (metadataCount(metadata, key.replace("_used_", "_")) ?? 0) : undefined;
  if (experts === 0) throw refused(key, "is of a model with experts, and this one has none", "Leave the key out.");
  if (experts !== undefined && number > experts) {
    throw refused(key, `exceeds the model's ${experts} experts`, `Set a number from 1 to ${experts}.`);
  }
  if (name === "rope.scaling.type" && !ropeScalings.includes(String(value.value))) {
    throw refused(key, `cannot be ${quote(String(value.value))}`, `Set one of ${ropeScalings.join(", ")}.`);
  }
  const tokens = /^tokenizer\.ggml\.\w+_token_id$/.test(key) ? tokenCount(metadata) : undefined;
  if (tokens !== undefined && number >= tokens) {
    throw refused(key, `is outside the vocabulary of ${tokens} tokens`, `Set a number from 0 to ${tokens - 1}.`);
  }
}

/** An existing array keeps its length; a new tokenizer array has one item per token. */
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

/** The part of a key after `<architecture>.`; undefined for all other keys. */
function modelKey(metadata: ReadonlyMap<string, GgufValue>, key: string): string | undefined {
  const architecture = metadata.get("general.architecture");
  if (architecture?.type !== "string") return undefined;
  const start = `${String(architecture.value)}.`;
  return key.startsWith(start) ? key.slice(start.length) : undefined;
}

function refused(key: string, what: string, remedy: string): QuantsmithError {
  return new QuantsmithError("QS-EDIT-VALUE", `${quote(key)} ${what}`, { remedy });
}
