import { isObject } from "../../checkpoint/parse-python-json.js";
import type { Json, JsonObject } from "../../util/canonical-json.js";

/** Returns whether a SentencePiece-like tokenizer.json puts a space before a text. Pure. */
export function addsPrefixSpace({ normalizer, pre_tokenizer }: JsonObject): boolean {
  return (
    steps(normalizer, "normalizers").some(({ type }) => type === "Prepend") ||
    steps(pre_tokenizer, "pretokenizers").some(
      (step) =>
        step.type === "Metaspace" &&
        (step.prepend_scheme ?? (step.add_prefix_space === false ? "never" : "always")) !== "never",
    )
  );
}

/** Returns a normalizer or pre-tokenizer of tokenizer.json with the parts of a sequence. */
export function steps(value: Json | undefined, list: string): JsonObject[] {
  if (!isObject(value)) return [];
  const members = value[list];
  return Array.isArray(members) ? members.filter(isObject).map((part) => part as JsonObject) : [value as JsonObject];
}
