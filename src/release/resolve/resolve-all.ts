import { hubLabel } from "../../quant/names.js";
import { hubOrder, modelFiles, parseGgufName } from "./gguf-name.js";
import { resolveLlamaCpp } from "./llama-cpp.js";
import { resolveLmStudio } from "./lm-studio.js";
import { resolveNodeLlamaCpp } from "./node-llama-cpp.js";
import { resolveOllama } from "./ollama.js";
import { resolvePocketPal } from "./pocketpal.js";
import type { RuntimePick } from "./runtime-pick.js";

/** Runtimes that resolve a repository with a tag, and the syntax of the reference. */
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

/** The file that one runtime resolves for one reference. */
export interface Resolution {
  runtime: TaggedRuntime | "pocketpal" | "hub";
  /** User input: `-hf org/name:Q4_K_M`, a file in PocketPal's list, or a label on the Hub's model page. */
  reference: string;
  /** Null if the reference does not resolve, or if the choice of the runtime is undocumented. */
  file: string | null;
  /** All downloaded files, including the projector; empty without a file. */
  downloads: string[];
  /** Reason for a missing file. */
  why?: string;
}

/**
 * Resolves every reference to a repository with these files in every runtime: without a tag, by the tag of each model,
 * and by each file. `repo` is only used in the text of the references.
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

/** Tag of a model file: its label, else the last part of its name. */
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
  const none = {
    runtime: "hub" as const,
    reference: file,
    file: null,
    downloads: [],
    why: "the Hub does not recognize a label",
  };
  return label === undefined ? none : { runtime: "hub", reference: label, file, downloads: [file] };
}
