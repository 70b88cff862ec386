import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import type { GgufValue } from "../gguf.js";
import { modelKeyType, requireFreeOfTensors, requireLoadable } from "./model-keys.js";
import { isValueType, parseValue, typeNameOf, type ValueTypeName } from "./parse-value.js";

/** One edit; the first two kinds are those of the command line. */
export type MetadataEdit =
  /** `type` is required only for a new key without a known type. */
  | { kind: "set"; key: string; type?: string; text: string }
  | { kind: "remove"; key: string }
  /** Of this program itself: any key and value, unchecked. */
  | { kind: "value"; key: string; value: GgufValue };

export interface MetadataChange {
  key: string;
  /** Undefined for a new key. */
  before: GgufValue | undefined;
  /** Undefined for a removed key. */
  after: GgufValue | undefined;
}

/** Types from the GGUF specification for the keys that users are likely to add. */
const knownTypes: readonly (readonly [RegExp, ValueTypeName])[] = [
  [/^general\.(tags|languages|datasets)$/, "string[]"],
  [/^general\.file_type$/, "uint32"],
  [/^general\.(base_model|dataset)\.count$/, "uint32"],
  [/^general\.sampling\.(top_k|penalty_last_n|mirostat)$/, "int32"],
  [/^general\.sampling\.(?!sequence$)/, "float32"],
  [/^general\./, "string"],
  [/^tokenizer\.chat_template(\.|$)/, "string"],
  [/^tokenizer\.ggml\.\w+_token_id$/, "uint32"],
  [/^tokenizer\.ggml\.add_\w+$/, "bool"],
];

/** These keys determine the location and the interpretation of tensor data. */
const fixedKeys =
  /^(general\.(alignment|architecture|type|quantization_version)|split\..*|tokenizer\.ggml\.(tokens|model))$/;

/**
 * Applies edits to metadata and returns the new metadata and the changes. Existing keys keep their position; new keys are
 * appended. Errors: QS-EDIT-KEY for a missing or protected key, QS-EDIT-VALUE.
 */
export function changeMetadata(
  metadata: ReadonlyMap<string, GgufValue>,
  edits: readonly MetadataEdit[],
): { metadata: Map<string, GgufValue>; changes: MetadataChange[] } {
  const changed = new Map(metadata);
  for (const edit of edits) {
    if (edit.kind === "value") {
      changed.set(edit.key, edit.value);
      continue;
    }
    requireEditable(edit.key);
    requireFreeOfTensors(metadata, edit);
    if (edit.kind === "set") {
      const value = parseValue(edit.key, edit.text, typeFor(edit, changed));
      requireLoadable(metadata, edit.key, value);
      changed.set(edit.key, value);
    } else if (!changed.delete(edit.key)) {
      throw new QuantsmithError("QS-EDIT-KEY", `the file has no key ${quote(edit.key)}`, {
        remedy: "Run `quantsmith inspect` to list the keys.",
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
    throw new QuantsmithError("QS-EDIT-VALUE", `${quote(type)} is not a GGUF value type`, {
      remedy: "Use string, bool, uint8 to uint64, int8 to int64, float32 or float64, followed by [] for an array.",
    });
  }
  const present = metadata.get(key);
  const fixed = present === undefined ? knownType(metadata, key) : typeNameOf(present);
  if (fixed !== undefined && type !== undefined && type !== fixed) {
    // llama.cpp fails to load a file if a key that it reads has an unexpected type.
    throw new QuantsmithError("QS-EDIT-VALUE", `${quote(key)} has the type ${fixed}, not ${type}`, {
      remedy: `Omit the type: \`--set ${key}=…\`.`,
    });
  }
  const found = type ?? fixed;
  if (found !== undefined) return found;
  throw new QuantsmithError("QS-EDIT-VALUE", `the new key ${quote(key)} needs a type`, {
    remedy: `Add the type, for example \`--set ${key}:uint32=…\`.`,
  });
}

function knownType(metadata: ReadonlyMap<string, GgufValue>, key: string): ValueTypeName | undefined {
  return knownTypes.find(([pattern]) => pattern.test(key))?.[1] ?? modelKeyType(metadata, key);
}

function requireEditable(key: string): void {
  if (fixedKeys.test(key)) {
    throw new QuantsmithError(
      "QS-EDIT-KEY",
      `${quote(key)} cannot be edited, because the layout of the file depends on it`,
      {
        remedy: "Convert the model again to change it.",
      },
    );
  }
  if (!/^[a-z0-9][a-z0-9_.-]{0,200}$/i.test(key)) {
    throw new QuantsmithError("QS-EDIT-KEY", `${quote(key)} is not a valid metadata key`, {
      remedy: "Use letters, digits, `_` and `-`, separated by dots, such as `general.name`.",
    });
  }
}

function isSame(a: GgufValue | undefined, b: GgufValue | undefined): boolean {
  const text = (value: GgufValue | undefined) =>
    JSON.stringify(value, (_, item) => (typeof item === "bigint" ? `${item}n` : item));
  return text(a) === text(b);
}
