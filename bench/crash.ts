import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../src/util/package-root.js";
import { outputDigests } from "./output-digests.js";

export interface CrashOptions {
  kills: number;
  seed: number;
  recipe: string;
  print: (line: string) => void;
}

export interface CrashResult {
  kills: number;
  /** Completed rounds, each from an empty store. */
  rounds: number;
  /** Outputs of a clean run that are missing at the end of a round. */
  lost: string[];
  /** Outputs that differ from a clean run's. */
  wrong: string[];
  /** Files under a final name whose size differs from their record or release. */
  partial: string[];
  /** Steps that started again despite their record. */
  repeated: string[];
}

const root = fileURLToPath(packageRoot);
/**
 * Times until the kill, as fractions of a clean run's time. Most are short, for many kills per round. Some are long
 * enough for the longest step, so that rounds finish.
 */
const lives = { young: 0.15, old: 0.6, shareOfYoung: 0.8 };
const pollMs = 15;

/**
 * Kills a run with SIGKILL at random times and resumes it, in rounds that start with an empty store. Compares every
 * output with a clean run's, except `release.json`, which contains the durations of steps.
 */
export async function crashTest({ kills, seed, recipe, print }: CrashOptions): Promise<CrashResult> {
  const result: CrashResult = { kills: 0, rounds: 0, lost: [], wrong: [], partial: [], repeated: [] };
  const random = mulberry32(seed);
  const home = await mkdtemp(join(tmpdir(), "quantsmith-crash-"));
  try {
    const clean = join(home, "clean");
    const started = performance.now();
    await ended(start(recipe, clean));
    const cleanMs = performance.now() - started;
    const life = () => cleanMs * random() * (random() < lives.shareOfYoung ? lives.young : lives.old);
    const expected = await outputDigests(clean);
    print(`a clean run writes ${expected.size} outputs; killing ${kills} times`);
    while (result.kills < kills) {
      const out = join(home, `round-${result.rounds}`);
      while (result.kills < kills && (await killOnce(recipe, out, life(), result))) {
        if (result.kills % 25 === 0) print(describe(result));
      }
      await ended(start(recipe, out));
      compare(expected, await outputDigests(out), result);
      result.rounds++;
      rmSync(out, { recursive: true, force: true });
    }
    return result;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Returns the counts of a result as one line. */
export function describe({ kills, rounds, lost, wrong, partial, repeated }: CrashResult): string {
  const findings = `${lost.length} lost, ${wrong.length} wrong, ${partial.length} partial, ${repeated.length} repeated`;
  return `${kills} kills, ${rounds} rounds finished: ${findings}`;
}

/** Starts a run and kills it after some time; returns false if it ended earlier by itself. */
async function killOnce(recipe: string, out: string, lifeMs: number, result: CrashResult): Promise<boolean> {
  const finished = finishedKeys(out);
  const runs = new Set(existsSync(join(out, "runs")) ? readdirSync(join(out, "runs")) : []);
  const child = start(recipe, out);
  const until = Date.now() + lifeMs;
  while (Date.now() < until && child.exitCode === null) {
    watchFinalNames(out, result);
    await sleep(pollMs);
  }
  const alive = child.exitCode === null;
  if (alive) {
    child.kill("SIGKILL");
    result.kills++;
  }
  await new Promise((resolve) =>
    child.exitCode === null && child.signalCode === null ? child.once("exit", resolve) : resolve(0),
  );
  watchFinalNames(out, result);
  for (const key of startedKeys(out, runs)) if (finished.has(key)) result.repeated.push(key);
  return alive;
}

function start(recipe: string, out: string): ChildProcess {
  const args = [join(root, "dist/cli/main.js"), "run", recipe, "--pipeline", "preview", "--out", out];
  return spawn(process.execPath, args, { stdio: "ignore", env: { ...process.env, CI: "true" } });
}

async function ended(child: ChildProcess): Promise<void> {
  const code = await new Promise((resolve) => child.once("exit", resolve));
  if (code !== 0) throw new Error(`a run exited with code ${code} without a kill`);
}

interface Record {
  key: string;
  outputs: { path: string; bytes: number; sha256: string }[];
}

function records(out: string): { folder: string; record: Record }[] {
  const store = join(out, "store");
  if (!existsSync(store)) return [];
  return readdirSync(store).flatMap((name) => {
    try {
      const folder = join(store, name);
      return [{ folder, record: JSON.parse(readFileSync(join(folder, "record.json"), "utf8")) as Record }];
    } catch {
      return [];
    }
  });
}

function finishedKeys(out: string): Set<string> {
  return new Set(records(out).map(({ record }) => record.key));
}

/** Keys of the steps that new runs started. */
function startedKeys(out: string, before: ReadonlySet<string>): string[] {
  const runs = join(out, "runs");
  if (!existsSync(runs)) return [];
  return (
    readdirSync(runs)
      .filter((name) => !before.has(name))
      // A run creates its folder shortly before its log.
      .map((name) => join(runs, name, "events.ndjson"))
      .flatMap((log) => (existsSync(log) ? readFileSync(log, "utf8").split("\n") : []))
      .flatMap((line) => /"type":"step-started".*"key":"([0-9a-f]+)"/.exec(line)?.[1] ?? [])
  );
}

/** Files under a final name must be complete at all times. */
function watchFinalNames(out: string, result: CrashResult): void {
  for (const { folder, record } of records(out)) {
    for (const { path, bytes } of record.outputs) {
      if (sizeOf(join(folder, path)) !== bytes) result.partial.push(join(folder, path));
    }
  }
  const releases = join(out, "releases");
  for (const name of existsSync(releases) ? readdirSync(releases) : []) {
    if (name.startsWith(".")) continue; // temporary folders, and the record of the installation
    result.partial.push(...partialFiles(join(releases, name)));
  }
}

/** Released files that are missing or truncated; none while the release folder is being replaced. */
function partialFiles(release: string): string[] {
  const folder = inodeOf(release);
  try {
    const { variants } = JSON.parse(readFileSync(join(release, "release.json"), "utf8")) as {
      variants: { file: string; bytes: number }[];
    };
    const partial = variants.filter(({ file, bytes }) => sizeOf(join(release, file)) !== bytes);
    return inodeOf(release) === folder ? partial.map(({ file }) => join(release, file)) : [];
  } catch {
    return folder !== undefined && inodeOf(release) === folder ? [join(release, "release.json")] : [];
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

function compare(
  expected: ReadonlyMap<string, string>,
  actual: ReadonlyMap<string, string>,
  result: CrashResult,
): void {
  for (const [name, digest] of expected) {
    const found = actual.get(name);
    if (found === undefined) result.lost.push(name);
    else if (found !== digest) result.wrong.push(name);
  }
  for (const name of actual.keys()) if (!expected.has(name)) result.wrong.push(name);
}

/** A seeded generator, so that a failing series of kills can be repeated. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
