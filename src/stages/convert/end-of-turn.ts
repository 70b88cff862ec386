import { join } from "node:path";
import { parseSideFile } from "../../checkpoint/outline/side-files.js";
import type { Gguf, GgufValue } from "../../gguf/gguf.js";
import { metadataNumber } from "../../gguf/metadata.js";
import { endTexts } from "../../llamacpp/end-of-generation.js";
import { quote } from "../../util/quote.js";
import type { Warning } from "../../util/warnings.js";
import type { StageContext } from "../stage.js";

/** The tokens that end an answer for transformers. */
export interface ConfiguredEnds {
  ids: readonly number[];
  /** The file that names them. */
  file: "generation_config.json" | "config.json";
}

type Metadata = Pick<Gguf, "metadata">;

/** `LLAMA_TOKEN_TYPE_CONTROL`. */
const controlType = 3;
/** Ids in a message. */
const maxNames = 5;

/** Reads the tokens at which transformers ends an answer, of a checkpoint's folder. */
export async function readEnds(snapshot: string): Promise<ConfiguredEnds> {
  const generation = await parseSideFile(join(snapshot, "generation_config.json"));
  const file = generation?.eos_token_id === undefined ? "config.json" : "generation_config.json";
  const named = generation?.eos_token_id ?? (await parseSideFile(join(snapshot, "config.json")))?.eos_token_id;
  return { ids: [named].flat().filter((id) => typeof id === "number"), file };
}

/**
 * Returns those of the tokens at which llama.cpp does not end an answer (`special_eog_ids` in src/llama-vocab.cpp), without
 * ids beyond the vocabulary, which no answer contains.
 */
function unknownEnds(gguf: Metadata, { ids }: ConfiguredEnds): { id: number; text: string }[] {
  const known = ["eos", "eot", "eom"].map((role) => metadataNumber(gguf, endKey(role)));
  const tokens = itemsOf(gguf, "tokenizer.ggml.tokens");
  return ids
    .filter((id) => !known.includes(id) && tokens[id] !== undefined)
    .map((id) => ({ id, text: String(tokens[id]) }))
    .filter(({ text }) => !endTexts.has(text));
}

/** A metadata key that the converter does not write. */
export interface ImpliedEnd {
  key: string;
  id: number;
  text: string;
}

/**
 * Returns the key with which llama.cpp ends an answer like transformers; undefined if it does already, or if the key is
 * ambiguous. Only a single further token counts, which must be a control token that a chat template of the file contains.
 * Pure.
 */
export function impliedEnd(gguf: Metadata, ends: ConfiguredEnds): ImpliedEnd | undefined {
  const [end, ...others] = unknownEnds(gguf, ends);
  const key = ["eot", "eom"].map(endKey).find((each) => metadataNumber(gguf, each) === undefined);
  if (end === undefined || others.length > 0 || key === undefined) return undefined;
  const { id, text } = end;
  const templates = [...gguf.metadata].flatMap(([name, entry]) =>
    /^tokenizer\.chat_template(\.|$)/.test(name) && entry.type === "string" ? [String(entry.value)] : [],
  );
  const isControl = itemsOf(gguf, "tokenizer.ggml.token_type")[id] === controlType;
  const isUsed = text !== "" && templates.some((template) => template.includes(text));
  return isControl && isUsed ? { key, id, text } : undefined;
}

/** Adds the key of `impliedEnd` to the metadata of a checkpoint's tokenizer, and notes it. */
export async function pushImpliedEnd(
  tokenizer: (readonly [string, GgufValue])[],
  snapshot: string,
  { note }: Pick<StageContext, "note">,
): Promise<void> {
  const end = impliedEnd({ metadata: new Map(tokenizer) }, await readEnds(snapshot));
  if (end === undefined) return;
  tokenizer.push([end.key, { type: "uint32", value: end.id }]);
  note(`answers end at ${quote(end.text)} as in transformers: ${end.key} = ${end.id}`);
}

/** Warns of tokens that end an answer for transformers, and not for llama.cpp. Pure. */
export function missingEnds(gguf: Metadata, ends: ConfiguredEnds): Warning[] {
  const missing = unknownEnds(gguf, ends);
  const [first] = missing;
  if (first === undefined) return [];
  const texts = missing.map(({ id, text }) => `${quote(text)} (${id})`);
  return [
    {
      code: "QW-TOKENS-END",
      message: `${ends.file} ends an answer at ${texts.slice(0, maxNames).join(", ")}, where llama.cpp goes on`,
      remedy: `If the model ends its turns with it, set it in each file: \`quantsmith edit-metadata <file> --set ${endKey("eot")}:uint32=${first.id}\`. In tokenizer_config.json, \`eos_token\` names the one for all files.`,
    },
  ];
}

const endKey = (role: string) => `tokenizer.ggml.${role}_token_id`;

function itemsOf({ metadata }: Metadata, key: string): readonly unknown[] {
  const value = metadata.get(key);
  return value?.type === "array" ? value.items : [];
}
