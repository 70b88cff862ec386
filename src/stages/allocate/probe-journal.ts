import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Shard } from "../stage.js";

/** What one run of llama-perplexity on the damaged copy has found. */
export interface Probe {
  unit: string;
  /** The type its tensors went through. */
  type: string;
  /** Mean KL divergence from the base on the search text, in nats, and its standard error. */
  kld: number;
  kldError: number;
}

/** Every process that measures a part writes a file of its own. */
export function journalName(shard: Shard | undefined): string {
  return shard === undefined ? "probes.ndjson" : `probes-${shard.index}.ndjson`;
}

/**
 * The probes finished so far, one JSON line each; a line that a crash has cut counts as none. A probe is a pure function
 * of the step's inputs, so a line stays true whoever wrote it.
 */
export async function readJournals(folder: string): Promise<Probe[]> {
  const names = (await readdir(folder)).filter((name) => /^probes(-\d+)?\.ndjson$/.test(name));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8").catch(() => "")));
  return texts.flatMap((text) => text.split("\n").flatMap((line) => parseLine(line) ?? []));
}

/** Appends one probe and flushes it to the disk. */
export async function appendToJournal(path: string, probe: Probe): Promise<void> {
  const file = await open(path, "a");
  try {
    // Begins with a line break, so that a line cut by a crash spoils only itself.
    await file.writeFile(`\n${JSON.stringify(probe)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

function parseLine(line: string): Probe | undefined {
  try {
    const { unit, type, kld, kldError } = JSON.parse(line) as Partial<Probe>;
    const whole =
      typeof unit === "string" && typeof type === "string" && Number.isFinite(kld) && Number.isFinite(kldError);
    return whole ? { unit, type, kld: Number(kld), kldError: Number(kldError) } : undefined;
  } catch {
    return undefined;
  }
}
