import { posix } from "node:path";
import type { JsonObject } from "../../util/canonical-json.js";
import { type BaseCard, emptyCard, parseBaseCard } from "../base-card.js";
import { isObject } from "../parse-python-json.js";
import { isRerankerCard } from "../qwen-reranker.js";
import { maxConfigBytes } from "../read-config.js";
import { parseJson, parseSide } from "./side-files.js";

/** Reads a small file of a checkpoint by its path; undefined if it is missing, or larger than the limit in bytes. */
export type ReadSide = (name: string, maxBytes: number) => Promise<Buffer | undefined>;

/** How token vectors become one vector: names of sentence-transformers, or `rank` for a reranker. */
export type Pooling = "mean" | "cls" | "last" | "rank" | "none" | (string & {});

/** Properties of a checkpoint from the small files beside config.json. */
export interface CheckpointDetails {
  /** Null for a model that generates text. */
  pooling: Pooling | null;
  /** `SentencePiece`, `byte-level BPE`, …; null if no file of a tokenizer is there. */
  tokenizer: string | null;
  /** `tokenizer_class`; null without one. */
  tokenizerClass: string | null;
  card: BaseCard;
}

/** The largest published tokenizer.json has 35 MB. */
const maxTokenizerBytes = 64 * 2 ** 20;

/** Reads them. Files that cannot be used are left to the steps that need them. */
export async function readDetails(
  { names, architecture }: { names: readonly string[]; architecture: string },
  read: ReadSide,
): Promise<CheckpointDetails> {
  const card = await read("README.md", maxConfigBytes);
  const settings = parseSide(await read("tokenizer_config.json", maxTokenizerBytes));
  const named = settings?.tokenizer_class;
  return {
    pooling: await readPooling(architecture, read),
    tokenizer: await tokenizerKind(names, read),
    tokenizerClass: typeof named === "string" ? named : null,
    card: card === undefined ? emptyCard : parseBaseCard(card.toString("utf8")),
  };
}

/** sentence-transformers' flags, and the values of its newer `pooling_mode`. */
const flags: readonly (readonly [flag: string, pooling: Pooling])[] = [
  ["pooling_mode_mean_tokens", "mean"],
  ["pooling_mode_cls_token", "cls"],
  ["pooling_mode_lasttoken", "last"],
];

/** Returns the pooling of an embedding model or a reranker; null for a model that generates text. */
export async function readPooling(architecture: string, read: ReadSide): Promise<Pooling | null> {
  const path = poolingFile(parseOrNone(await read("modules.json", maxConfigBytes)));
  if (path === undefined) return (await isReranker(architecture, read)) ? "rank" : null;
  const config: JsonObject = parseSide(await read(path, maxConfigBytes)) ?? {};
  const flagged = flags.find(([flag]) => config[flag] === true)?.[1];
  const mode = config.pooling_mode;
  return flagged ?? (mode === "lasttoken" ? "last" : typeof mode === "string" ? mode : "none");
}

async function isReranker(architecture: string, read: ReadSide): Promise<boolean> {
  if (/ForSequenceClassification$/.test(architecture)) return true;
  const card = architecture.startsWith("Qwen3") ? await read("README.md", maxConfigBytes) : undefined;
  return isRerankerCard(card?.toString("utf8") ?? "");
}

function parseOrNone(content: Buffer | undefined): unknown {
  return content === undefined ? undefined : parseJson(content);
}

/**
 * Returns the path of the pooling's settings according to modules.json, as llama.cpp's converter finds it; undefined
 * without a pooling, and for a path outside the folder.
 */
export function poolingFile(modules: unknown): string | undefined {
  const all = Array.isArray(modules) ? modules.filter(isObject) : [];
  const found = all.find(({ type }) => typeof type === "string" && type.endsWith("Pooling"));
  if (typeof found?.path !== "string") return undefined;
  const path = posix.join(found.path, "config.json");
  return /^(?!\.\.?\/)[\w.-]+(\/[\w.-]+)*$/.test(path) && !path.includes("/../") ? path : undefined;
}

async function tokenizerKind(names: readonly string[], read: ReadSide): Promise<string | null> {
  if (names.includes("tokenizer.model")) return "SentencePiece";
  if (names.includes("tekken.json")) return "Tekken";
  if (names.includes("tokenizer.json")) return jsonKind(parseSide(await read("tokenizer.json", maxTokenizerBytes)));
  if (names.includes("vocab.json") && names.includes("merges.txt")) return "byte-level BPE (vocab.json)";
  if (names.some((name) => name.endsWith(".tiktoken") || name === "tiktoken.model")) return "tiktoken";
  return names.includes("vocab.txt") ? "WordPiece (vocab.txt)" : null;
}

/** Names the kind of a tokenizer.json by its model. */
function jsonKind(json: JsonObject | undefined): string {
  const model = isObject(json?.model) ? json.model : {};
  if (model.type === "BPE" || (model.type === undefined && Array.isArray(model.merges)))
    return model.byte_fallback === true ? "BPE with byte fallback" : "byte-level BPE";
  return typeof model.type === "string" ? model.type : "tokenizer.json";
}
