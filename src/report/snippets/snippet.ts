import type { Device } from "../../hardware/catalog/device.js";
import type { FitResult } from "../../hardware/compatibility.js";
import type { KvType } from "../../hardware/memory/memory.js";

/** What a run snippet is made of. */
export interface SnippetInput {
  /** Repository on the Hub, `me/Model-GGUF`; null for files that are only here. */
  repo: string | null;
  /** Name of the model's file, without folders. */
  file: string;
  /** The variant's label, as in `me/Model-GGUF:Q4_K_M`. */
  tag: string;
  /** Name of the projector's file; null without one. */
  projector: string | null;
  /** Tokens. */
  context: number;
  kvType: KvType;
  /** llama.cpp's flags, and what of the model is on the device, from the verdict. */
  flags: string;
  layers: FitResult["layers"];
  system: string;
  prompt: string;
}

export type Platform = "ios" | "android" | "macos" | "desktop";

/** One program or library that runs GGUF files on the device itself. */
export interface Runtime {
  name: string;
  platforms: readonly Platform[];
  /** Where its maker documents what the snippet does. */
  docs: string;
  /** Markdown: sentences and fenced code. */
  snippet: (input: SnippetInput) => string;
}

/** The kind of system a device has, as far as runtimes differ by it. */
export function platformOf({ class: kind, backends }: Pick<Device, "class" | "backends">): Platform {
  if (kind === "mac") return "macos";
  if (kind !== "phone") return "desktop";
  return backends.includes("metal") ? "ios" : "android";
}

/** A fenced block of code; the fence is longer than any in the text. */
export function fenced(language: string, code: string): string {
  const longest = Math.max(2, ...[...code.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${code}\n${fence}`;
}

/** Layers for runtimes that count them: all as 99, none as 0. */
export function gpuLayers({ layers }: SnippetInput): number {
  if (layers === null) return 0;
  return layers.offloaded === layers.total ? Math.max(99, layers.total) : layers.offloaded;
}
