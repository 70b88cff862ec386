import { parseBaseCard } from "../checkpoint/base-card.js";
import { isWeightFile } from "../checkpoint/file-selection.js";
import { publicCard } from "../checkpoint/private-metadata.js";
import { canonicalJson, type Json, type JsonObject } from "../util/canonical-json.js";
import { isJsonObject } from "../util/json-differences.js";
import { quote } from "../util/quote.js";

/** A part of a source that a release depends on. */
export type Aspect = "weights" | "configuration" | "tokenizer" | "chat template" | "license" | "model card" | "gating";

export interface SourceChange {
  aspect: Aspect;
  /** What changed, such as `tokenizer.json changed`. */
  message: string;
}

/** What a change requires: nothing, new metadata in the same variants, or new variants. */
export type Rebuild = "none" | "header" | "requantize";

/** A file of a source; the digest has the form of the Hub's listing. */
export interface SourceFile {
  path: string;
  digest: string;
}

/** The files of a source at one commit; `read` returns a small one's text, undefined if it cannot be had. */
export interface SourceState {
  files: readonly SourceFile[];
  read(path: string): Promise<string | undefined>;
}

/** Returns what changed between two states of a source; leaves out the prose of the model card. */
export async function sourceChanges(before: SourceState, now: SourceState): Promise<SourceChange[]> {
  const old = new Map(before.files.map(({ path, digest }) => [path, digest]));
  const current = new Map(now.files.map(({ path, digest }) => [path, digest]));
  const changes: SourceChange[] = [];
  for (const path of [...new Set([...old.keys(), ...current.keys()])].sort()) {
    if (old.get(path) === current.get(path)) continue;
    const read = async (state: SourceState, files: ReadonlyMap<string, string>) =>
      files.has(path) ? state.read(path) : "";
    const texts = [await read(before, old), await read(now, current)] as const;
    if (path === "README.md") changes.push(...cardChanges(...texts));
    else if (path === "tokenizer_config.json") changes.push(...tokenizerConfigChanges(...texts));
    else {
      const what = !old.has(path) ? "added" : current.has(path) ? "changed" : "removed";
      changes.push({ aspect: aspectOf(path), message: `${path} ${what}` });
    }
  }
  return changes;
}

/** Returns the least that the changes require. A template with which the imatrix was computed requires another one. */
export function rebuildOf(changes: readonly SourceChange[], templateIsCalibrated: boolean): Rebuild {
  const needs = changes.map(({ aspect }): Rebuild => {
    if (aspect === "gating") return "none";
    if (aspect === "chat template") return templateIsCalibrated ? "requantize" : "header";
    return aspect === "license" || aspect === "model card" ? "header" : "requantize";
  });
  return needs.find((need) => need === "requantize") ?? needs.find((need) => need === "header") ?? "none";
}

function aspectOf(path: string): Aspect {
  if (isWeightFile(path) || path.endsWith(".gguf") || path.endsWith(".safetensors.index.json")) return "weights";
  if (/^(chat_template[\w.-]*|additional_chat_templates\/.*)$/.test(path)) return "chat template";
  if (/^licen[cs]e/i.test(path)) return "license";
  if (/^(tokenizer|vocab|merges|special_tokens_map|added_tokens)|\.model$/.test(path)) return "tokenizer";
  return "configuration";
}

/** Compares the fields of the front matter that a release has in its metadata and on its card, without private values. */
function cardChanges(before: string | undefined, now: string | undefined): SourceChange[] {
  if (before === undefined || now === undefined) return [{ aspect: "model card", message: "README.md changed" }];
  const [old, current] = [publicCard(parseBaseCard(before)), publicCard(parseBaseCard(now))];
  const keys = (Object.keys(current) as (keyof typeof current)[]).filter((key) => key !== "gated");
  const text = (value: unknown) => (value === null ? "none" : quote([value].flat().join(", ")));
  return keys.flatMap((key): SourceChange[] => {
    if (canonicalJson(old[key]) === canonicalJson(current[key])) return [];
    const aspect = key.startsWith("license") ? "license" : "model card";
    return [{ aspect, message: `${key}: ${text(old[key])} → ${text(current[key])}` }];
  });
}

function tokenizerConfigChanges(before: string | undefined, now: string | undefined): SourceChange[] {
  const path = "tokenizer_config.json";
  const [old, current] = [parseJsonObject(before), parseJsonObject(now)];
  if (old === undefined || current === undefined) return [{ aspect: "tokenizer", message: `${path} changed` }];
  const { chat_template: oldTemplate, ...oldRest } = old;
  const { chat_template: template, ...rest } = current;
  const differ = (one: Json | undefined, other: Json | undefined) =>
    canonicalJson([one ?? null]) !== canonicalJson([other ?? null]);
  return [
    ...(differ(oldTemplate, template)
      ? [{ aspect: "chat template" as const, message: `chat_template of ${path} changed` }]
      : []),
    ...(differ(oldRest, rest) ? [{ aspect: "tokenizer" as const, message: `${path} changed` }] : []),
  ];
}

function parseJsonObject(text: string | undefined): JsonObject | undefined {
  try {
    const value = JSON.parse(text ?? "") as Json;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
