import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import type { GgufValue } from "../gguf.js";
import { modelKeyType, requireFreeOfTensors, requireLoadable } from "./model-keys.js";
import { isValueType, parseValue, typeNameOf, type ValueTypeName } from "./parse-value.js";

/** One edit, in the user's words. */
export type MetadataEdit =
  /** `type` is needed only for a key that is new and whose type is not known. */
  { kind: "set"; key: string; type?: string; text: string } | { kind: "remove"; key: string };

export interface MetadataChange {
  key: string;
  /** Undefined for a key that was not there, or is not there any more. */
  before: GgufValue | undefined;
  after: GgufValue | undefined;
}

/** Types of keys by the GGUF specification, as far as users are likely to add them. */
const knownTypes: readonly (readonly [RegExp, ValueTypeName])[] = [
  [/^general\.(tags|languages|datasets)$/, "string[]"],
  [/^general\.(base_model|dataset)\.count$/, "uint32"],
  [/^general\.sampling\.(top_k|penalty_last_n|mirostat)$/, "int32"],
  [/^general\.sampling\.(?!sequence$)/, "float32"],
  [/^general\./, "string"],
  [/^tokenizer\.chat_template(\.|$)/, "string"],
  [/^tokenizer\.ggml\.\w+_token_id$/, "uint32"],
  [/^tokenizer\.ggml\.add_\w+$/, "bool"],
];

/** Where tensor data lies, and how it is to be read, follows from these. */
const fixedKeys =
  /^(general\.(alignment|architecture|type|quantization_version)|split\..*|tokenizer\.ggml\.(tokens|model))$/;

/**
 * Applies edits to metadata; keys keep their places, new ones go to the end. Gives the new metadata and what is different
 * in it. Errors: QS-EDIT-KEY for a key that cannot be edited or is not there, QS-EDIT-VALUE.
 */
export function changeMetadata(
  metadata: ReadonlyMap<string, GgufValue>,
  edits: readonly MetadataEdit[],
): { metadata: Map<string, GgufValue>; changes: MetadataChange[] } {
  const changed = new Map(metadata);
  for (const edit of edits) {
    requireEditable(edit.key);
    requireFreeOfTensors(metadata, edit);
    if (edit.kind === "set") {
      const value = parseValue(edit.key, edit.text, typeFor(edit, changed));
      requireLoadable(metadata, edit.key, value);
      changed.set(edit.key, value);
    } else if (!changed.delete(edit.key)) {
      throw new QuantsmithError("QS-EDIT-KEY", `the file has no key ${quote(edit.key)}`, {
        remedy: "`quantsmith inspect` lists the keys.",
      });
    }
  }
  const keys = [...new Set(edits.map(({ key }) => key))];
  const changes = keys
    .map((key) => ({ key, before: metadata.get(key), after: changed.get(key) }))
    .filter(({ before, after }) => !isSame(before, after));
  return { metadata: changed, changes };
}

function typeFor(edit: { key: string; type?: string }, metadata: ReadonlyMap<string, GgufValue>): ValueTypeName {
  const { key, type } = edit;
  if (type !== undefined && !isValueType(type)) {
    throw new QuantsmithError("QS-EDIT-VALUE", `${quote(type)} is no type of a GGUF value`, {
      remedy:
        "The types are string, bool, uint8 to uint64, int8 to int64, float32 and float64, with [] behind for an array.",
    });
  }
  const present = metadata.get(key);
  const fixed = present === undefined ? knownType(metadata, key) : typeNameOf(present);
  if (fixed !== undefined && type !== undefined && type !== fixed) {
    // llama.cpp loads no file in which a key that it asks for has another type.
    throw new QuantsmithError("QS-EDIT-VALUE", `${quote(key)} is of the type ${fixed}, not ${type}`, {
      remedy: `Leave the type out: --set ${key}=…`,
    });
  }
  const found = type ?? fixed;
  if (found !== undefined) return found;
  throw new QuantsmithError("QS-EDIT-VALUE", `the type of the new key ${quote(key)} is not known`, {
    remedy: `Say it: --set ${key}:uint32=…`,
  });
}

function knownType(metadata: ReadonlyMap<string, GgufValue>, key: string): ValueTypeName | undefined {
  return knownTypes.find(([pattern]) => pattern.test(key))?.[1] ?? modelKeyType(metadata, key);
}

function requireEditable(key: string): void {
  if (fixedKeys.test(key)) {
    throw new QuantsmithError("QS-EDIT-KEY", `${quote(key)} says how the rest of the file is to be read`, {
      remedy: "Convert the model again to change it.",
    });
  }
  if (!/^[a-z0-9][a-z0-9_.-]{0,200}$/i.test(key)) {
    throw new QuantsmithError("QS-EDIT-KEY", `${quote(key)} cannot be a metadata key`, {
      remedy: "Keys are words of letters, digits, `_` and `-` with dots between, such as general.name.",
    });
  }
}

function isSame(a: GgufValue | undefined, b: GgufValue | undefined): boolean {
  const text = (value: GgufValue | undefined) =>
    JSON.stringify(value, (_, item) => (typeof item === "bigint" ? `${item}n` : item));
  return text(a) === text(b);
}
