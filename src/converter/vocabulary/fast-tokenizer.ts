import type { JsonObject } from "../../util/canonical-json.js";
import { type AddedToken, AddedTokens } from "./added-tokens.js";
import { bpeModel, bpeVocabulary } from "./bpe-model.js";
import { classPostProcessor } from "./class-post-processor.js";
import { configuredTokens, specialTokens } from "./configured-tokens.js";
import type { ModelFiles } from "./model-files.js";
import { tokenizerClass } from "./tokenizer-class.js";
import { listMember, objectMember, objects } from "./tokenizer-files.js";
import { brokenTokenizer } from "./vocabulary-errors.js";

const file = "tokenizer.json";

/** A tokenizer.json as loaded by transformers, which llama.cpp's converter reads. */
export interface FastTokenizer {
  /** tokenizer.json with all added tokens and the effective post-processor. */
  json: JsonObject;
  /** Ids of the model's tokens, without added ones. */
  vocabulary: ReadonlyMap<string, number>;
  /** Added tokens by ascending id; some also belong to the vocabulary. */
  added: readonly (AddedToken & { id: number })[];
  /** Texts of the tokens in roles. */
  special: ReadonlySet<string>;
  /** Whether decoding removes spaces before punctuation. */
  cleanUp: boolean;
}

/** Applies transformers' changes to a tokenizer.json. Throws QS-CONVERT-TOKENIZER. */
export function loadFastTokenizer(json: JsonObject, files: ModelFiles): FastTokenizer {
  const config = files.tokenizerConfig ?? {};
  const kind = tokenizerClass(config, files.modelConfig);
  const vocabulary = bpeVocabulary(bpeModel(json));
  const added = new AddedTokens(vocabulary);
  added.addListed(objects(listMember(json, "added_tokens", file) ?? [], "added_tokens", file));
  const special = specialTokens(files, { ...paddingToken(json), ...kind.defaults }, added);
  const roles = [...special.values()].flat();
  const contents = new Set(roles.map((each) => (typeof each === "string" ? each : each.content)));
  for (const token of configuredTokens(files, roles, added)) {
    added.add({ ...token, special: token.special || contents.has(token.content) });
  }
  const list = added.list();
  const idOf = (content: string) => list.find((token) => token.content === content)?.id ?? vocabulary.get(content);
  return {
    json: {
      ...json,
      added_tokens: list.map((token) => ({ ...token })),
      pre_tokenizer: withPrefixSpace(json, config, kind.replacesPostProcessor),
      post_processor: kind.replacesPostProcessor
        ? classPostProcessor(config, special, idOf)
        : (json.post_processor ?? null),
    },
    vocabulary,
    added: list,
    special: contents,
    cleanUp: config.clean_up_tokenization_spaces === true,
  };
}

/** Returns tokenizer.json's padding token, the default for the role. Throws QS-CONVERT-TOKENIZER. */
function paddingToken(json: JsonObject): Record<string, string> {
  const token = objectMember(json, "padding", file)?.pad_token;
  if (token === undefined || token === null) return {};
  if (typeof token !== "string") throw brokenTokenizer(file, "padding.pad_token is not a string");
  return { pad: token };
}

/** Applies tokenizer_config.json's add_prefix_space, false by default, to a pre-tokenizer of a single step. */
function withPrefixSpace(json: JsonObject, config: JsonObject, leavesIt: boolean): JsonObject | null {
  const step = objectMember(json, "pre_tokenizer", file) ?? null;
  if (step === null || leavesIt || !("add_prefix_space" in step) || config.add_prefix_space === null) return step;
  const addsPrefixSpace = config.add_prefix_space ?? false;
  if (typeof addsPrefixSpace !== "boolean")
    throw brokenTokenizer("tokenizer_config.json", "add_prefix_space is not true or false");
  return { ...step, add_prefix_space: addsPrefixSpace };
}

/** Returns all tokens by id, including added ones. */
export function allTokens({ vocabulary, added }: Pick<FastTokenizer, "vocabulary" | "added">): Map<number, string> {
  const tokens = new Map([...vocabulary].map(([token, id]) => [id, token]));
  for (const { id, content } of added) tokens.set(id, content);
  return tokens;
}
