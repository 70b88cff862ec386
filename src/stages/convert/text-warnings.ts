import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseJson } from "../../checkpoint/outline/side-files.js";
import { isObject } from "../../checkpoint/parse-python-json.js";
import { readPoolingType } from "../../converter/pooling.js";
import { readObject } from "../../converter/vocabulary/tokenizer-files.js";
import type { Gguf } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { quote, quoteList } from "../../util/quote.js";
import { readRegular } from "../../util/regular-file.js";
import type { Warning } from "../../util/warnings.js";
import { missingEnds, readEnds } from "./end-of-turn.js";
import { templateWarnings } from "./template-warnings.js";
import {
  type AddedToken,
  listOf,
  missingScores,
  movedTokens,
  nameTokens,
  otherVocabulary,
  plainTokens,
  withoutBlanks,
} from "./token-warnings.js";

/** Names in a message. */
const maxNames = 5;

/** Returns what a folder's tokenizer and chat templates say and the metadata of its conversion does not. */
export async function textWarnings(gguf: Pick<Gguf, "metadata">, snapshot: string): Promise<Warning[]> {
  const { added, tokenizer } = await readAddedTokens(snapshot);
  const ids = new Set(added.flatMap(({ tokens }) => tokens.map(({ id }) => id)));
  return [
    ...added.flatMap(({ file, tokens }) => missingTokens(gguf, file, tokens)),
    ...added.flatMap(({ file, tokens }) => plainTokens(gguf, file, tokens)),
    ...otherVocabulary(gguf, tokenizer, ids),
    ...missingScores(gguf),
    ...missingEnds(gguf, await readEnds(snapshot)),
    ...(await templateWarnings(snapshot)),
    ...missingPooling(gguf, await readPoolingType(snapshot).catch(() => undefined)),
    ...missingDense(await readModules(snapshot)),
  ];
}

/**
 * Warns of added tokens of a tokenizer's file whose ids the GGUF file does not use, or for other texts, or that are beyond
 * the rows of the embedding. Pure.
 */
export function missingTokens(gguf: Pick<Gguf, "metadata">, source: string, added: readonly AddedToken[]): Warning[] {
  const tokens = listOf(gguf, "tokenizer.ggml.tokens");
  const types = listOf(gguf, "tokenizer.ggml.token_type");
  const lacking = added.filter(({ id, content }) => {
    if (tokens[id] === content) return false;
    const isMissing = tokens[id] === undefined || types[id] === unusedType;
    return isMissing || withoutBlanks(String(tokens[id])) !== withoutBlanks(content);
  });
  const moved = lacking.filter(({ content }) => tokens.includes(content));
  const [beyond, missing] = [true, false].map((isBeyond) =>
    lacking.filter((token) => token.id >= tokens.length === isBeyond && !moved.includes(token)),
  );
  return [
    ...movedTokens(gguf, source, moved),
    ...missingWarning(
      source,
      missing,
      "since its vocabulary is that of tokenizer.model",
      "Add the tokens to `added_tokens_decoder` in tokenizer_config.json, or to added_tokens.json, with the ids of tokenizer.json.",
    ),
    ...missingWarning(
      source,
      beyond,
      `since the model has ${tokens.length} rows`,
      "Nothing is to be done if prompts do not contain them, as with image tokens of a model for text. Otherwise add rows with `resize_token_embeddings` of transformers.",
    ),
  ];
}

function missingWarning(source: string, tokens: readonly AddedToken[] = [], why: string, remedy: string): Warning[] {
  if (tokens.length === 0) return [];
  const named = nameTokens(tokens.map(({ content }) => content));
  const what = tokens.length === 1 ? "a token" : `${tokens.length} tokens`;
  const message = `${source} contains ${what} that the file lacks, ${why}: ${named}`;
  return [{ code: "QW-TOKENS-MISSING", message, remedy }];
}

/** `LLAMA_TOKEN_TYPE_UNUSED`. */
const unusedType = 5;

/** Warns of an embedding model whose architecture the converter writes without its pooling. Pure. */
export function missingPooling(gguf: Pick<Gguf, "metadata">, pooling: number | undefined): Warning[] {
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  if (pooling === undefined || metadataNumber(gguf, `${architecture}.pooling_type`) !== undefined) return [];
  return [
    {
      code: "QW-POOLING-LOST",
      message: `modules.json describes an embedding model, but llama.cpp's converter writes no pooling for the architecture ${quote(architecture)}`,
      remedy: `Set it in each file: \`quantsmith edit-metadata <file> --set ${architecture}.pooling_type:uint32=${pooling}\`, or pass llama.cpp's \`--pooling\`.`,
    },
  ];
}

/** Warns of layers that an embedding model applies after its pooling; the converter omits them by default. Pure. */
export function missingDense(modules: unknown): Warning[] {
  const all = Array.isArray(modules) ? modules.filter(isObject) : [];
  const dense = all.filter(({ type }) => typeof type === "string" && type.endsWith("Dense"));
  if (dense.length === 0) return [];
  const paths = dense.map(({ path }) => String(path)).slice(0, maxNames);
  return [
    {
      code: "QW-DENSE-LOST",
      message: `modules.json applies ${dense.length === 1 ? "a dense layer" : `${dense.length} dense layers`} after the pooling (${quoteList(paths, "and")}), which the files lack: their vectors are those before it`,
      remedy: "Compare vectors only with those of the same files, or multiply them with the layers in your program.",
    },
  ];
}

async function readModules(snapshot: string): Promise<unknown> {
  const content = await readRegular(join(snapshot, "modules.json")).catch(() => undefined);
  return content === undefined ? undefined : parseJson(content);
}

interface TokenFiles {
  /** The added tokens of each file, without those of the files before. */
  added: { file: string; tokens: AddedToken[] }[];
  /** tokenizer.json. */
  tokenizer: JsonObject | undefined;
}

async function readAddedTokens(snapshot: string): Promise<TokenFiles> {
  const names = await readdir(snapshot);
  // The converter has read these; one that is no object is reported there.
  const read = async (name: string) =>
    names.includes(name) ? readObject(snapshot, name).catch(() => undefined) : undefined;
  const tokenizer = await read("tokenizer.json");
  const fast = tokenizer?.added_tokens;
  const decoder = (await read("tokenizer_config.json"))?.added_tokens_decoder;
  const ids = await read("added_tokens.json");
  const sources = [
    { file: "tokenizer.json", tokens: Array.isArray(fast) ? fast.filter(isObject) : [] },
    {
      file: "tokenizer_config.json",
      tokens: Object.entries(isObject(decoder) ? decoder : {}).map(([id, token]) => ({
        id: Number(id),
        content: isObject(token) ? token.content : undefined,
        special: isObject(token) ? token.special : undefined,
      })),
    },
    {
      file: "added_tokens.json",
      tokens: Object.entries(ids ?? {}).map(([content, id]) => ({ id, content, special: undefined })),
    },
  ];
  const seen = new Set<unknown>();
  const added = sources.map(({ file, tokens }) => ({
    file,
    tokens: tokens.flatMap(({ id, content, special }): AddedToken[] => {
      if (typeof content !== "string" || !Number.isInteger(id) || seen.has(content)) return [];
      seen.add(content);
      return [{ id: id as number, content, special: special === true }];
    }),
  }));
  return { added, tokenizer };
}
