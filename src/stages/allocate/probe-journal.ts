import { open, readFile } from "node:fs/promises";

/** What one run of llama-perplexity on the damaged copy has found. */
export interface Probe {
  unit: string;
  /** The type its tensors went through. */
  type: string;
  /** Mean KL divergence from the base on the search text, in nats, and its standard error. */
  kld: number;
  kldError: number;
}

/**
 * The probes finished so far, one JSON line each; a line that a crash has cut counts as none. Nothing else writes to
 * the file, and a probe is a pure function of the step's inputs, so a line stays true whoever wrote it.
 */
export async function readJournal(path: string): Promise<Probe[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => parseLine(line) ?? []);
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
