import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Toolchain } from "./tools.js";

interface ConverterClass {
  bases: readonly string[];
  /** Value of `supports_mtp_export`; undefined for a class that inherits it. */
  exports: boolean | undefined;
  architectures: readonly string[];
}

/**
 * Returns the names in config.json's `architectures` for which llama.cpp's converter has `--mtp` and `--no-mtp`, parsed
 * from its source without Python. Null if the toolchain has no source or the source has an unexpected form.
 */
export async function readMtpArchitectures({ scripts }: Toolchain): Promise<ReadonlySet<string> | null> {
  if (scripts === undefined) return null;
  const folder = path.join(path.dirname(scripts.converter), "conversion");
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".py"));
  const sources = await Promise.all(names.map((name) => readFile(path.join(folder, name), "utf8")));
  const classes = new Map(sources.flatMap(parseClasses));
  const found = [...classes].flatMap(([name, { architectures }]) => (exportsMtp(name, classes) ? architectures : []));
  return found.length === 0 ? null : new Set(found);
}

function parseClasses(source: string): [name: string, ConverterClass][] {
  const pattern = /^((?:@[^\n]*\n|(?: {4}[^\n]*|\))\n)*?)class (\w+)(?:\(([^)]*)\))?:[^\n]*\n((?: {4}.*\n|\s*\n)*)/gm;
  return [...source.matchAll(pattern)].map(([, decorators = "", name = "", bases = "", body = ""]) => {
    const registered = [...decorators.matchAll(/@ModelBase\.register\(([^)]*)\)/g)].map(([, list = ""]) => list);
    const value = /^ {4}supports_mtp_export\b[^\n=]*= (True|False)/m.exec(body)?.[1];
    const entry: ConverterClass = {
      bases: bases.split(",").map((base) => base.trim()),
      exports: value === undefined ? undefined : value === "True",
      architectures: registered.flatMap((list) => [...list.matchAll(/"([^"]+)"/g)].map(([, each = ""]) => each)),
    };
    return [name, entry];
  });
}

/** Looks the flag up in the class and its bases, from left to right; `ModelBase` has false. */
function exportsMtp(name: string, classes: ReadonlyMap<string, ConverterClass>): boolean | undefined {
  const found = classes.get(name);
  if (found === undefined || name === "ModelBase") return undefined;
  if (found.exports !== undefined) return found.exports;
  for (const base of found.bases) {
    const inherited = exportsMtp(base, classes);
    if (inherited !== undefined) return inherited;
  }
  return undefined;
}
