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

/** A tokenizer.json as transformers has it once it is loaded, which is what llama.cpp's converter looks at. */
export interface FastTokenizer {
  /** tokenizer.json with all added tokens and the post-processor in force. */
  json: JsonObject;
  /** Tokens of the model and their ids, without added ones. */
  vocabulary: ReadonlyMap<string, number>;
  /** Lowest id first; some are in the vocabulary as well. */
  added: readonly (AddedToken & { id: number })[];
  /** Texts of the tokens that play a role. */
  special: ReadonlySet<string>;
  /** Whether spaces before punctuation are dropped from decoded text. */
  cleanUp: boolean;
}

/** Throws QS-CONVERT-TOKENIZER. */
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

/** The token that tokenizer.json fills texts up with, where nothing else says which does. Throws QS-CONVERT-TOKENIZER. */
function paddingToken(json: JsonObject): Record<string, string> {
  const token = objectMember(json, "padding", file)?.pad_token;
  if (token === undefined || token === null) return {};
  if (typeof token !== "string") throw brokenTokenizer(file, "padding.pad_token is no text");
  return { pad: token };
}

/** tokenizer_config.json's add_prefix_space, false by default, wins over that of a pre-tokenizer that stands alone. */
function withPrefixSpace(json: JsonObject, config: JsonObject, leavesIt: boolean): JsonObject | null {
  const step = objectMember(json, "pre_tokenizer", file) ?? null;
  if (step === null || leavesIt || !("add_prefix_space" in step) || config.add_prefix_space === null) return step;
  const wanted = config.add_prefix_space ?? false;
  if (typeof wanted !== "boolean")
    throw brokenTokenizer("tokenizer_config.json", "add_prefix_space is not true or false");
  return { ...step, add_prefix_space: wanted };
}

/** Ids of all tokens, added ones among them. */
export function allTokens({ vocabulary, added }: Pick<FastTokenizer, "vocabulary" | "added">): Map<number, string> {
  const tokens = new Map([...vocabulary].map(([token, id]) => [id, token]));
  for (const { id, content } of added) tokens.set(id, content);
  return tokens;
}
