import type { Device } from "../../hardware/catalog/device.js";
import type { FitResult } from "../../hardware/compatibility.js";
import type { KvType } from "../../hardware/memory/memory.js";

/** Input of a run snippet. */
export interface SnippetInput {
  /** Repository on the Hub, `me/Model-GGUF`; null for local files. */
  repo: string | null;
  /** File name of the model, without folders. */
  file: string;
  /** Tag of the variant, as in `me/Model-GGUF:Q4_K_M`. */
  tag: string;
  /** File name of the projector; null without one. */
  projector: string | null;
  /** Tokens. */
  context: number;
  kvType: KvType;
  /** llama.cpp flags and offloaded layers of the verdict. */
  flags: string;
  layers: FitResult["layers"];
  system: string;
  prompt: string;
  /** Sentence about the release's files for Ollama; absent or empty for none. */
  ollamaNote?: string;
}

export type Platform = "ios" | "android" | "macos" | "desktop";

/** A program or library that runs GGUF files on the device itself. */
export interface Runtime {
  name: string;
  platforms: readonly Platform[];
  /** Address of the official documentation. */
  docs: string;
  /** Returns Markdown: sentences and fenced code. */
  snippet: (input: SnippetInput) => string;
}

/** Platform of a device. */
export function platformOf({ class: kind, backends }: Pick<Device, "class" | "backends">): Platform {
  if (kind === "mac") return "macos";
  if (kind !== "phone") return "desktop";
  return backends.includes("metal") ? "ios" : "android";
}

/** Returns a fenced code block whose fence is longer than any in the text. */
export function fenced(language: string, code: string): string {
  const longest = Math.max(2, ...[...code.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${code}\n${fence}`;
}

/** Number of GPU layers: at least 99 for full offload, 0 for none. */
export function gpuLayers({ layers }: SnippetInput): number {
  if (layers === null) return 0;
  return layers.offloaded === layers.total ? Math.max(99, layers.total) : layers.offloaded;
}
