import { hubLabel } from "../../quant/names.js";
import { hubOrder, modelFiles, parseGgufName } from "./gguf-name.js";
import { resolveLlamaCpp } from "./llama-cpp.js";
import { resolveLmStudio } from "./lm-studio.js";
import { resolveNodeLlamaCpp } from "./node-llama-cpp.js";
import { resolveOllama } from "./ollama.js";
import { resolvePocketPal } from "./pocketpal.js";
import type { RuntimePick } from "./runtime-pick.js";

/** The runtimes that take a repository with a tag, and how one writes it. */
export const taggedRuntimes = {
  "llama.cpp": { resolve: resolveLlamaCpp, write: (repo: string, tag: string) => `-hf ${repo}${tag}` },
  ollama: { resolve: resolveOllama, write: (repo: string, tag: string) => `hf.co/${repo}${tag}` },
  "node-llama-cpp": { resolve: resolveNodeLlamaCpp, write: (repo: string, tag: string) => `hf:${repo}${tag}` },
  "lm-studio": {
    resolve: resolveLmStudio,
    write: (repo: string, tag: string) => `lms get ${repo}${tag.replace(":", "@")}`,
  },
} as const;

export type TaggedRuntime = keyof typeof taggedRuntimes;

/** What one runtime takes for one reference. */
export interface Resolution {
  runtime: TaggedRuntime | "pocketpal" | "hub";
  /** What a user writes or taps: `-hf org/name:Q4_K_M`, a file in PocketPal's list, a label on the Hub's page. */
  reference: string;
  /** Null where the runtime takes nothing, or what it takes cannot be told. */
  file: string | null;
  /** All files that are downloaded, the projector included; empty without a file. */
  downloads: string[];
  /** Why there is no file. */
  why?: string;
}

/**
 * What every runtime takes for every reference to a repository of these files: without a tag, by the tag of each model,
 * and by each file. `repo` is only for the references' text.
 */
export function resolveAll(paths: readonly string[], repo = "org/name"): Resolution[] {
  const files = hubOrder(paths);
  const tags = modelTags(files);
  const runtimes = Object.entries(taggedRuntimes) as [TaggedRuntime, (typeof taggedRuntimes)[TaggedRuntime]][];
  return [
    ...runtimes.flatMap(([runtime, { resolve, write }]) => [
      toResolution(runtime, write(repo, ""), resolve(files)),
      ...tags.map((tag) => toResolution(runtime, write(repo, `:${tag}`), resolve(files, tag))),
    ]),
    ...modelFiles(files).map((file) => toResolution("pocketpal", file, resolvePocketPal(files, file))),
    ...modelFiles(files).map((file) => labelled(file)),
  ];
}

/** The tag a model's file is asked for by: its label, or for names without one their last part. */
export function tagOf(file: string): string {
  return hubLabel(file.slice(file.lastIndexOf("/") + 1)) ?? parseGgufName(file)?.tag ?? "";
}

function modelTags(files: readonly string[]): string[] {
  return [...new Set(modelFiles(files).map(tagOf))].filter((tag) => tag !== "");
}

function toResolution(runtime: Resolution["runtime"], reference: string, pick: RuntimePick): Resolution {
  if (pick.file === null) return { runtime, reference, file: null, downloads: [], why: pick.why };
  const downloads = [...pick.splits, ...(pick.mmproj === undefined ? [] : [pick.mmproj])];
  return { runtime, reference, file: pick.file, downloads };
}

function labelled(file: string): Resolution {
  const label = hubLabel(file.slice(file.lastIndexOf("/") + 1));
  const none = { runtime: "hub" as const, reference: file, file: null, downloads: [], why: "the Hub reads no label" };
  return label === undefined ? none : { runtime: "hub", reference: label, file, downloads: [file] };
}
