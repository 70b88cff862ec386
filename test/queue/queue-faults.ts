import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hubConnection } from "../../src/hub/connection.js";
import { verifyRemote } from "../../src/release/verify/verify-remote.js";
import { isMissing } from "../../src/util/errors.js";
import { listFiles } from "../../src/util/files.js";
import { sha256 } from "../../src/util/sha256.js";
import { cliFile, demoFolder } from "../fixtures/cli.js";
import { contents } from "../fixtures/hub-client.js";
import type { Hub } from "../fixtures/hub-server/hub.js";
import { canary, startWritableHub, treeOf } from "../fixtures/publish-client.js";
import { randomIntegers } from "../fixtures/random.js";

export interface QueueTrial {
  models: number;
  kills: number;
  seed: number;
  /** An empty folder. */
  home: string;
  print: (line: string) => void;
}

export interface QueueTrialResult {
  kills: number;
  /** Models without a release on the Hub. */
  lost: string[];
  /** Models whose published variants or checksums differ from those of a run without kills and limit. */
  wrong: string[];
  /** Models with more than one commit on main. */
  repeated: string[];
  /** Models whose release on the Hub fails `verify`. */
  invalid: string[];
  /** Files of the Hugging Face cache that the queue has added, changed or removed. */
  foreign: string[];
  /** Disk limit and the highest use of the output folder that was seen. */
  maxDiskBytes: number;
  peakBytes: number;
  seconds: number;
}

const pollMs = 20;

/**
 * Publishes copies of the demo model with changed weights, of which the Hugging Face cache has one, through a queue with a
 * disk limit of two or three releases with their downloads. Kills it while it removes a release, and at random times.
 * Compares what is on the Hub with the releases of a queue without kills and limit.
 */
export async function queueTrial({ models, kills, seed, home, print }: QueueTrial): Promise<QueueTrialResult> {
  const names = Array.from({ length: models }, (_, index) => `tiny-${String(index + 1).padStart(2, "0")}`);
  cpSync(join(demoFolder, "text"), join(home, "text"), { recursive: true });
  writeFileSync(join(home, "all.yaml"), recipeOf(names));
  const hub = await startWritableHub();
  hub.largeBytes = 100_000;
  hub.partBytes = 2 ** 30;
  for (const [index, name] of names.entries()) hub.create(`base/${name}`).commit(modelFiles(index + 1));
  const cache = join(home, "hub");
  const env = { HF_ENDPOINT: hub.url, HF_HOME: join(home, "hf"), HF_TOKEN: canary };
  const children: ChildProcess[] = [];
  const start = (hubCache: string, ...args: string[]) => {
    const child = spawn(process.execPath, [cliFile, "run", ...args, "--quiet"], {
      stdio: "ignore",
      env: { ...process.env, ...env, HF_HUB_CACHE: hubCache, CI: "true", GITHUB_STEP_SUMMARY: "" },
    });
    children.push(child);
    return child;
  };
  try {
    const clean = join(home, "clean");
    const started = performance.now();
    await ended(start(join(clean, "hub"), join(home, "all.yaml"), "--out", clean));
    const cleanMs = performance.now() - started;
    const [known = ""] = names;
    const folder = `models--base--${known}`;
    cpSync(join(clean, "hub", folder), join(cache, folder), { recursive: true, verbatimSymlinks: true });
    const cached = contents(cache);
    const releases = Math.min(3, models - 1);
    const maxDiskBytes = Math.ceil((releases * usedBytes(clean, ["store", "releases", "hub"])) / models);
    writeFileSync(join(home, "queue.yaml"), `version: 1\nmaxDisk: ${maxDiskBytes}\nrecipes: [./all.yaml]\n`);
    const result: QueueTrialResult = {
      ...{ kills: 0, lost: [], wrong: [], repeated: [], invalid: [], foreign: [] },
      ...{ maxDiskBytes, peakBytes: 0, seconds: 0 },
    };
    const out = join(home, "out");
    const random = randomIntegers(seed);
    const queued = performance.now();
    while (result.kills < kills) {
      const child = start(cache, "--queue", join(home, "queue.yaml"), "--publish", "--out", out);
      // The kills are spread over the queue: the first and each second one after it during a removal, the others at a
      // random moment of a model.
      const enough = Math.floor((models * result.kills) / kills);
      await watchDisk(child, out, result, () => published(hub, names) >= enough);
      const until = performance.now() + (random(1000) / 1000) * (cleanMs / models);
      const isDue = result.kills % 2 === 0 ? removalStarts(out) : () => performance.now() >= until;
      await watchDisk(child, out, result, isDue);
      if (child.exitCode !== null) throw new Error(`the queue exited with code ${child.exitCode} before its kill`);
      child.kill("SIGKILL");
      await exit(child);
      result.kills++;
      print(`kill ${result.kills} of ${kills}, ${published(hub, names)} of ${models} published`);
    }
    const last = start(cache, "--queue", join(home, "queue.yaml"), "--publish", "--out", out);
    await watchDisk(last, out, result, () => false);
    if (last.exitCode !== 0) throw new Error(`the queue exited with code ${last.exitCode} without a kill`);
    result.seconds = (performance.now() - queued) / 1000;
    const left = contents(cache);
    const paths = new Set([...Object.keys(cached), ...Object.keys(left)]);
    result.foreign.push(...[...paths].filter((path) => cached[path] !== left[path]));
    for (const name of names) await judge(hub, name, join(clean, "releases", `all-${name}`), env, result);
    return result;
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(children.map(exit));
    await hub.close();
  }
}

/** Returns the files of the demo model with a changed weight. */
function modelFiles(change: number): Record<string, Buffer> {
  const folder = join(demoFolder, "tiny-llama");
  const files = Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
  const weights = files["model.safetensors"];
  if (weights === undefined) throw new Error("the demo model has no weights");
  // The low byte of the last bf16 value.
  weights[weights.length - 2] = (weights[weights.length - 2] ?? 0) ^ change;
  return files;
}

/** Returns a function that tells whether steps of the store have been removed since its first call. */
function removalStarts(out: string): () => boolean {
  const seen = new Set<string>();
  return () => {
    const store = join(out, "store");
    const present = existsSync(store) ? readdirSync(store).filter((name) => !name.startsWith(".")) : [];
    for (const name of present) seen.add(name);
    return present.length < seen.size;
  };
}

function recipeOf(names: readonly string[]): string {
  return `version: 1
models: [${names.map((name) => `hf:base/${name}`).join(", ")}]
pipeline: preview
calibration: { corpus: ./text/calibration.txt, chunks: 4, context: 128 }
evaluation: { corpus: ./text/evaluation.txt, chunks: 4, context: 128 }
variants: [Q8_0]
smoke: []
publish: { repo: "me/{model}" }
`;
}

async function ended(child: ChildProcess): Promise<void> {
  await exit(child);
  if (child.exitCode !== 0) throw new Error(`the run without kills exited with code ${child.exitCode}`);
}

async function exit(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((done) => child.once("exit", done));
}

/** Records the disk use until the child ends or something is true. */
async function watchDisk(
  child: ChildProcess,
  out: string,
  result: QueueTrialResult,
  isDue: () => boolean,
): Promise<void> {
  while (child.exitCode === null && !isDue()) {
    result.peakBytes = Math.max(result.peakBytes, usedBytes(out));
    await sleep(pollMs);
  }
}

/** Bytes of folders of an output folder; hard links count once. 0 if files are removed meanwhile. */
function usedBytes(out: string, folders = ["store", "releases", "tmp"]): number {
  const bytes = new Map<number, number>();
  try {
    for (const folder of folders) {
      for (const entry of readdirSync(join(out, folder), { recursive: true, withFileTypes: true })) {
        const file = lstatSync(join(entry.parentPath, entry.name));
        if (file.isFile()) bytes.set(file.ino, file.size);
      }
    }
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
  return [...bytes.values()].reduce((sum, one) => sum + one, 0);
}

const commitsOf = (hub: Hub, name: string) =>
  hub
    .repo(`me/${name}`)
    ?.history("main")
    .filter(({ title }) => title.startsWith("Release")) ?? [];

function published(hub: Hub, names: readonly string[]): number {
  return names.filter((name) => commitsOf(hub, name).length > 0).length;
}

async function judge(
  hub: Hub,
  name: string,
  clean: string,
  env: Record<string, string>,
  result: QueueTrialResult,
): Promise<void> {
  const commits = commitsOf(hub, name).length;
  if (commits === 0) {
    result.lost.push(name);
    return;
  }
  if (commits > 1) result.repeated.push(name);
  const tree = treeOf(hub, "main", `me/${name}`);
  const files = (await listFiles(clean)).filter((path) => path.endsWith(".gguf"));
  if (files.some((path) => tree[path] !== sha256(readFileSync(join(clean, path))))) result.wrong.push(name);
  const place = { repo: `me/${name}`, revision: "main" };
  const { ok } = await verifyRemote(hubConnection(env), place, new AbortController().signal);
  if (!ok) result.invalid.push(name);
}
