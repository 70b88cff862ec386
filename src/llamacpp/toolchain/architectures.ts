import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Toolchain } from "./tools.js";

/** Names in a config.json's `architectures` that llama.cpp's converter has code for. */
export interface Architectures {
  models: ReadonlySet<string>;
  /** Multimodal models whose vision or audio part it can convert. */
  projectors: ReadonlySet<string>;
}

/**
 * Reads the converter's own tables, without Python. Null where the tools came without their source, or it is written
 * otherwise than expected: then only the converter knows.
 */
export async function readArchitectures({ scripts }: Toolchain): Promise<Architectures | null> {
  if (scripts === undefined) return null;
  const file = path.join(path.dirname(scripts.converter), "conversion", "__init__.py");
  const source = await readFile(file, "utf8").catch(() => "");
  const [models, projectors] = ["TEXT_MODEL_MAP", "MMPROJ_MODEL_MAP"].map((name) => keysOf(source, name));
  return models && projectors ? { models, projectors } : null;
}

/** Keys of a dictionary of strings that the source writes down as `NAME: … = {`, a pair a line. */
function keysOf(source: string, name: string): ReadonlySet<string> | undefined {
  const body = new RegExp(`^${name}\\b[^\\n]*= \\{\\n((?:    "[^"\\n]+": "[^"\\n]+",\\n)+)\\}`, "m").exec(source)?.[1];
  if (body === undefined) return undefined;
  return new Set([...body.matchAll(/^ {4}"([^"]+)":/gm)].map(([, key = ""]) => key));
}
