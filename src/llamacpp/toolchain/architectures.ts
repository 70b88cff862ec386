import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Toolchain } from "./tools.js";

/** Names in a config.json's `architectures` that llama.cpp's converter supports. */
export interface Architectures {
  models: ReadonlySet<string>;
  /** Multimodal models with a supported vision or audio projector. */
  projectors: ReadonlySet<string>;
}

/**
 * Parses the converter's tables without Python. Returns null if the toolchain has no source or the source has an
 * unexpected form.
 */
export async function readArchitectures({ scripts }: Toolchain): Promise<Architectures | null> {
  if (scripts === undefined) return null;
  const file = path.join(path.dirname(scripts.converter), "conversion", "__init__.py");
  const source = await readFile(file, "utf8").catch(() => "");
  const [models, projectors] = ["TEXT_MODEL_MAP", "MMPROJ_MODEL_MAP"].map((name) => dictionaryOf(source, name));
  return models && projectors ? { models: new Set(models.keys()), projectors: new Set(projectors.keys()) } : null;
}

/** Returns a dictionary of strings in the source, `NAME: … = {` with one pair per line. */
export function dictionaryOf(source: string, name: string): ReadonlyMap<string, string> | undefined {
  const body = new RegExp(`^${name}\\b[^\\n]*= \\{\\n((?:    "[^"\\n]+": "[^"\\n]+",\\n)+)\\}`, "m").exec(source)?.[1];
  if (body === undefined) return undefined;
  return new Map([...body.matchAll(/^ {4}"([^"]+)": "([^"]+)"/gm)].map(([, key = "", value = ""]) => [key, value]));
}
