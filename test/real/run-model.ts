import { deepStrictEqual } from "node:assert";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDocument } from "yaml";
import type { RunReport } from "../../src/release/release-report.js";
import { quantsmith } from "../fixtures/cli.js";
import { folderDigests } from "../fixtures/folder-digests.js";
import { canary, startWritableHub, treeOf } from "../fixtures/publish-client.js";

/** Few chunks: the figures show that the model works, and are no benchmark. */
const chunks = { calibration: 8, search: 2, evaluation: 8 };
/** Tokens per chunk. */
const context = 256;

export interface RealRun {
  report: RunReport;
  /** Of the whole `run`, wall time. */
  seconds: number;
}

/**
 * Runs init → run → publish → verify on a checkpoint, with everything in `home` and a loopback Hub. Throws with the
 * output of the command that fails.
 */
export async function runModel(checkpoint: string, name: string, home: string): Promise<RealRun> {
  await mkdir(home, { recursive: true });
  const hub = await startWritableHub();
  hub.partBytes = 50_000_000;
  const env = { HF_ENDPOINT: hub.url, HF_HOME: join(home, "hf"), HF_HUB_CACHE: join(home, "hub"), HF_TOKEN: canary };
  try {
    const recipe = join(home, `${name}.yaml`);
    await command(["init", checkpoint, "--out", recipe], env);
    await shorten(recipe);
    const started = performance.now();
    const report = JSON.parse(await command(["run", recipe, "--out", join(home, "out"), "--json"], env)) as RunReport;
    const seconds = (performance.now() - started) / 1000;
    const release = report.release ?? "";
    const repo = `me/${name}-GGUF`;
    await command(["publish", release, "--to", `hf:${repo}`, "--json"], env);
    await command(["verify", `hf:${repo}`, "--json"], env);
    deepStrictEqual(treeOf(hub, "main", repo), folderDigests(release));
    deepStrictEqual(hub.violations, []);
    return { report, seconds };
  } finally {
    await hub.close();
  }
}

async function command(args: string[], env: Record<string, string>): Promise<string> {
  const { exitCode, stdout, stderr } = await quantsmith(args, { env });
  if (exitCode !== 0) throw new Error(`quantsmith ${args.join(" ")} exited with ${exitCode}\n${stdout}\n${stderr}`);
  return stdout;
}

/** Replaces the evaluation text, which only the real Hub has, and measures few chunks, without probes. */
async function shorten(recipe: string): Promise<void> {
  const document = parseDocument(await readFile(recipe, "utf8"));
  document.set("pipeline", "preview");
  document.setIn(["evaluation", "corpus"], "default");
  for (const [key, count] of Object.entries(chunks)) {
    document.setIn([key, "chunks"], count);
    if (key !== "search") document.setIn([key, "context"], context);
  }
  await writeFile(recipe, document.toString({ lineWidth: 0 }));
}
