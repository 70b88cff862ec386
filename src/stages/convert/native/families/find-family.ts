import type { JsonObject } from "../../../../util/canonical-json.js";

export function findFamily(_config: JsonObject): undefined {
  return undefined;
}
