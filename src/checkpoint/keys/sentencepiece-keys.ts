import { metadataString } from "../../gguf/metadata.js";
import type { Json } from "../../util/canonical-json.js";
import type { FileKeys, KeyFacts, LostKey } from "./key-list.js";
import { addsSpaces } from "./tokenizer-config-keys.js";

/** llama.cpp has only one kind of SentencePiece vocabulary with this name, a BPE; others have settings of their own. */
const isBpe = ({ gguf }: KeyFacts) => metadataString(gguf, "tokenizer.ggml.model") === "llama";

function forBpe(when: string, effect: string, differs: (value: Json | undefined, facts: KeyFacts) => boolean): LostKey {
  return { when, effect, differs: (value, facts) => isBpe(facts) && differs(value, facts) };
}

/** The settings of a tokenizer.model, under their names in sentencepiece_model.proto, with the library's defaults. */
export const sentencePieceKeys: FileKeys = {
  file: "tokenizer.model",
  read: [],
  withoutEffect: ["trainer_spec", "normalizer_spec"],
  lost: {
    "trainer_spec.model_type": forBpe(
      "not 2 (BPE)",
      "llama.cpp merges pieces like a BPE, so texts become other tokens",
      (value) => value !== 2,
    ),
    "trainer_spec.treat_whitespace_as_suffix": forBpe(
      "true",
      "llama.cpp takes blanks for the beginning of a word",
      (value) => value === true,
    ),
    "normalizer_spec.precompiled_charsmap": forBpe(
      "not empty, without a tokenizer.json",
      "llama.cpp does not normalize the characters of a text, so some become other tokens",
      (value) => value === true,
    ),
    "normalizer_spec.add_dummy_prefix": forBpe(
      "false, without a tokenizer.json, for a vocabulary whose texts get a space",
      "llama.cpp adds a space before a text",
      (value, facts) => value === false && addsSpaces(facts),
    ),
    "normalizer_spec.remove_extra_whitespaces": forBpe(
      "true, without a tokenizer.json",
      "llama.cpp keeps repeated blanks and those at the ends of a text",
      (value) => value === true,
    ),
  },
};
