import type { Pretokenizers } from "../../../../llamacpp/pretokenizers.js";
import type { JsonObject } from "../../../../util/canonical-json.js";
import type { Entries } from "../families/family.js";
import type { VocabularyKind } from "./vocabulary-kind.js";

export function readVocabulary(_options: {
  folder: string;
  kind: VocabularyKind;
  config: JsonObject;
  pretokenizer: string;
  known: Pretokenizers;
}): Promise<Entries> {
  throw new Error("not there yet");
}
