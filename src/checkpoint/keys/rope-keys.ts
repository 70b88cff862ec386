import { canonicalJson, type Json, type JsonObject } from "../../util/canonical-json.js";
import { isObject } from "../parse-python-json.js";
import type { KeyFacts, LostKey } from "./key-list.js";

const remedy = "Remove the values with which the model was not trained.";

/** Returns the settings of the layers with full attention, under their newer names. */
function settings(value: Json | undefined): JsonObject | undefined {
  if (!isObject(value)) return undefined;
  const { type, ...own } = (isObject(value.full_attention) ? value.full_attention : value) as JsonObject;
  return { rope_type: type ?? "default", ...own };
}

/** transformers 5 takes `rope_scaling` if both are set, transformers 4 knows no `rope_parameters`. */
export const otherScaling: LostKey = {
  when: "other than in `rope_parameters`",
  effect:
    "`rope_parameters` has other values, which the converter takes, and transformers takes those of `rope_scaling`",
  remedy,
  differs(value, { object }) {
    const scaling = settings(value);
    const parameters = settings(object.rope_parameters);
    if (scaling === undefined || parameters === undefined) return false;
    return Object.entries(scaling).some(
      ([key, each = null]) => canonicalJson(each) !== canonicalJson(parameters[key] ?? null),
    );
  },
};

/** transformers 4 takes the value of the top level, transformers 5 that of the object. */
export function otherInside(key: string): LostKey {
  return {
    when: "other than in `rope_parameters` or `rope_scaling`",
    effect:
      "`rope_parameters` or `rope_scaling` has another value, which the converter and transformers 5 take; transformers 4 takes this one",
    remedy,
    differs(value, { object }: KeyFacts) {
      const inside = settings(object.rope_parameters ?? object.rope_scaling)?.[key];
      return value != null && inside != null && value !== inside;
    },
  };
}
