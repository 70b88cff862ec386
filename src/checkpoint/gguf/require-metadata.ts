import { expertCounts } from "../../gguf/expert-counts.js";
import type { Gguf, GgufScalarType, GgufValue } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import type { SourceHeader } from "./source-header.js";

type Metadata = Gguf["metadata"];

/** llama.cpp returns the context length as a signed integer of 32 bits. */
const maxContext = 2 ** 31 - 1;
/** -1, which old converters wrote for a token that the vocabulary lacks; llama.cpp uses its default. */
const noToken = 2 ** 32 - 1;

/**
 * Throws QS-FETCH-METADATA for metadata with which llama.cpp does not load the model, that it ignores, or that the tensors
 * contradict. `headers` are those of all splits in order, or only the first ones. Pure.
 */
export function requireMetadata(headers: readonly SourceHeader[]): void {
  const [first] = headers;
  if (first === undefined) return;
  const problem =
    vocabularyProblem(first.metadata) ??
    specialTokenProblem(first.metadata) ??
    templateProblem(first.metadata) ??
    settingProblem(first.metadata) ??
    tensorProblem(headers);
  if (problem === undefined) return;
  throw new QuantsmithError("QS-FETCH-METADATA", `${quote(first.name)}: ${problem}`, {
    remedy:
      "Use another GGUF file of the model, or its checkpoint. `quantsmith edit-metadata` corrects single values in a copy.",
  });
}

/** Lists of the vocabulary with their types; `perToken` are those with a value for each token. */
const lists: readonly { key: string; types: readonly GgufScalarType[]; perToken: boolean }[] = [
  { key: "tokenizer.ggml.tokens", types: ["string"], perToken: true },
  { key: "tokenizer.ggml.merges", types: ["string"], perToken: false },
  { key: "tokenizer.ggml.scores", types: ["float32", "int32"], perToken: true },
  { key: "tokenizer.ggml.token_type", types: ["int32", "uint32"], perToken: true },
];

function vocabularyProblem(metadata: Metadata): string | undefined {
  const count = tokenCount(metadata);
  for (const { key, types, perToken } of lists) {
    const entry = metadata.get(key);
    if (entry === undefined) continue;
    if (entry.type !== "array") return `${quote(key)} is not a list`;
    if (!types.includes(entry.itemType)) return `${quote(key)} is a list of ${entry.itemType} instead of ${types[0]}`;
    if (perToken && entry.items.length < count)
      return `${quote(key)} has ${entry.items.length} values for ${count} tokens`;
    const nan = entry.items.findIndex((item) => Number.isNaN(item));
    if (nan !== -1) return `${quote(key)} is NaN for token ${nan}`;
  }
  const merging = ["gpt2", "gemma4"].includes(metadataString({ metadata }, "tokenizer.ggml.model") ?? "");
  const isWithout = metadataString({ metadata }, "tokenizer.ggml.pre") === "kimi-k2";
  if (merging && !isWithout && !metadata.has("tokenizer.ggml.merges"))
    return 'it has no "tokenizer.ggml.merges", which its tokenizer needs';
  return duplicateProblem(metadata);
}

function duplicateProblem(metadata: Metadata): string | undefined {
  const ids = new Map<string, number>();
  for (const [id, item] of itemsOf(metadata, "tokenizer.ggml.tokens").entries()) {
    const token = String(item);
    const former = ids.get(token);
    // llama.cpp names empty tokens by their ids. The Hub's parser replaces invalid UTF-8.
    if (former !== undefined && token !== "" && !token.includes("\uFFFD"))
      return `the token ${quote(token)} has two ids, ${former} and ${id}`;
    ids.set(token, id);
  }
  return undefined;
}

/** Roles whose ids llama.cpp reads. */
const roles =
  /^tokenizer\.ggml\.(?:bos|eos|eot|eom|unknown|seperator|padding|mask|prefix|suffix|middle|fim_(?:pre|suf|mid|pad|rep|sep))_token_id$/;

function specialTokenProblem(metadata: Metadata): string | undefined {
  const count = tokenCount(metadata);
  for (const [key, entry] of metadata) {
    if (!roles.test(key)) continue;
    if (entry.type !== "uint32") return `${quote(key)} is of type ${entry.type} instead of uint32`;
    const id = Number(entry.value);
    if (id >= count && id !== noToken) return `${quote(key)} is ${id}, but the vocabulary has ${count} tokens`;
  }
  return undefined;
}

function templateProblem(metadata: Metadata): string | undefined {
  for (const [key, { type }] of metadata) {
    const isTemplate = /^tokenizer\.chat_template(?:\.|$)/.test(key);
    if (isTemplate && type !== "string") return `the chat template ${quote(key)} is of type ${type} instead of string`;
  }
  return undefined;
}

function settingProblem(metadata: Metadata): string | undefined {
  const architecture = metadataString({ metadata }, "general.architecture") ?? "";
  const number = (name: string) => metadataNumber({ metadata }, `${architecture}.${name}`);
  const wrong = (name: string, what: string) => `${quote(`${architecture}.${name}`)} is ${number(name)}, ${what}`;
  for (const name of ["context_length", "block_count", "embedding_length"]) {
    const key = `${architecture}.${name}`;
    const type = metadata.get(key)?.type;
    if (type === undefined) return `it has no ${quote(key)}`;
    if (type !== "uint32") return `${quote(key)} is of type ${type} instead of uint32`;
  }
  const context = number("context_length") ?? 0;
  if (!(context >= 1 && context <= maxContext)) return wrong("context_length", `not from 1 to ${maxContext}`);
  const experts = expertProblem(metadata, architecture);
  if (experts !== undefined) return experts;
  for (const name of ["attention.layer_norm_epsilon", "attention.layer_norm_rms_epsilon"])
    if (!isNonNegative(number(name) ?? 0)) return wrong(name, "not a number from 0");
  const base = number("rope.freq_base") ?? 0;
  return isNonNegative(base) ? undefined : wrong("rope.freq_base", "not a number from 0");
}

function expertProblem(metadata: Metadata, architecture: string): string | undefined {
  const { experts, used } = expertCounts({ metadata });
  const key = quote(`${architecture}.expert_used_count`);
  if (used === undefined) return experts === 0 ? undefined : `it has ${experts} experts, but no ${key}`;
  if (experts === 0) return used === 0 ? undefined : `${key} is ${used}, but the model has no experts`;
  return used >= 1 && used <= experts ? undefined : `${key} is ${used}, not from 1 to the model's ${experts} experts`;
}

const isNonNegative = (number: number) => Number.isFinite(number) && number >= 0;

function tensorProblem(headers: readonly SourceHeader[]): string | undefined {
  const metadata = headers[0]?.metadata ?? new Map<string, GgufValue>();
  const tensors = headers.flatMap((header) => header.tensors);
  const rows = tensors.find(({ name }) => name === "token_embd.weight")?.shape[1];
  const count = tokenCount(metadata);
  const isNamed = metadataString({ metadata }, "tokenizer.ggml.model") !== "none";
  if (isNamed && rows !== undefined && rows !== count)
    return `the vocabulary has ${count} tokens, but "token_embd.weight" has ${rows} rows`;
  const last = tensors.reduce((most, { name }) => Math.max(most, Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? -1)), -1);
  const key = `${metadataString({ metadata }, "general.architecture")}.block_count`;
  const blocks = metadataNumber({ metadata }, key);
  if (last === -1 || blocks === undefined || blocks === last + 1) return undefined;
  if (blocks <= last) return `${quote(key)} is ${blocks}, but there are tensors of block ${last}`;
  return isComplete(headers) && !mayLackBlocks(metadata)
    ? `${quote(key)} is ${blocks}, but there are no tensors of blocks after ${last}`
    : undefined;
}

/** Whether the headers of all splits are known. */
function isComplete([first, ...others]: readonly SourceHeader[]): boolean {
  return first !== undefined && (metadataNumber(first, "split.count") ?? 1) <= 1 + others.length;
}

/** Whether the last blocks may be without tensors: those of multi-token prediction, or where a layer's size may be 0. */
function mayLackBlocks(metadata: Metadata): boolean {
  const architecture = metadataString({ metadata }, "general.architecture");
  const has = (name: string) => metadata.get(`${architecture}.${name}`);
  return has("nextn_predict_layers") !== undefined || has("feed_forward_length")?.type === "array";
}

const tokenCount = (metadata: Metadata) => itemsOf(metadata, "tokenizer.ggml.tokens").length;

function itemsOf(metadata: Metadata, key: string) {
  const entry = metadata.get(key);
  return entry?.type === "array" ? entry.items : [];
}
