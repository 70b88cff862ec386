import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { parseChecked, renderChecked } from "../../util/checked-json.js";
import { readRegular } from "../../util/regular-file.js";
import type { Shard } from "../stage.js";

/** Result of one measurement of the damaged model. */
export interface Probe {
  unit: string;
  /** The type that its tensors were quantized to. */
  type: string;
  /** Mean KL divergence from the base on the search text, in nats, and its standard error. */
  kld: number;
  kldError: number;
}

const probe = z.object({ unit: z.string(), type: z.string(), kld: z.number(), kldError: z.number() });

/** Returns the name of the journal; each shard writes its own. */
export function journalName(shard: Shard | undefined): string {
  return shard === undefined ? "probes.ndjson" : `probes-${shard.index}.ndjson`;
}

/**
 * Reads the finished probes, one JSON line each; skips damaged lines, such as one truncated by a crash. A probe is a pure
 * function of the step's inputs, so lines of any process are valid.
 */
export async function readJournals(folder: string): Promise<Probe[]> {
  const names = (await readdir(folder)).filter((name) => /^probes(-\d+)?\.ndjson$/.test(name));
  const texts = await Promise.all(names.map((name) => readRegular(join(folder, name)).then(String, () => "")));
  return texts.flatMap((text) => text.split("\n").flatMap((line) => parseLine(line) ?? []));
}

/** Appends one probe and flushes it to the disk; one that is not a number is measured again instead. */
export async function appendToJournal(path: string, measured: Probe): Promise<void> {
  if (!probe.safeParse(measured).success) return;
  const file = await open(path, "a");
  try {
    // The leading line break separates the probe from a line truncated by a crash.
    await file.writeFile(`\n${renderChecked(measured, 0)}`);
    await file.sync();
  } finally {
    await file.close();
  }
}

function parseLine(line: string): Probe | undefined {
  const found = parseChecked(line) as Probe | undefined;
  return probe.safeParse(found).success ? found : undefined;
}
